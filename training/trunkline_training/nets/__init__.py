"""Networks as training has them: one description for PyTorch and for the ONNX that is served."""
