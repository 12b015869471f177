"""What physicists compute from columns: kinematics, objects, candidates, event quantities, triggers."""
