"""The sentence classifier: training, evaluation, calibration, export, and prediction without torch."""
