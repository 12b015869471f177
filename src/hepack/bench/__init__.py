"""Other compressors on the same values at the same bounds, each result checked.

`hepack.bench.run.bench` measures a file; `hepack.bench.result` holds what it found. New peers join by
`hepack.bench.peer.register`.
"""
