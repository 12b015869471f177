"""Simulated LHC events: Pythia 8, a parametrised detector, FastJet jets, and tables to write.

Needs the extra ``simulate``. A fast simulation for development, tests and demonstrations: no
substitute for Delphes or a full detector simulation.
"""

from hepack.simulate.process import Process, get_process, process_ids
from hepack.simulate.request import CHUNK, LAYOUTS, PRECISIONS, Request

__all__ = ["CHUNK", "LAYOUTS", "PRECISIONS", "Process", "Request", "get_process", "process_ids"]
