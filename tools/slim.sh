#!/bin/sh
# Takes what a CPU service never loads out of a virtual environment: slim.sh FOLDER. Needs binutils.
set -eu

packages=$(echo "$1"/lib/python3*/site-packages)

# Nothing is quantised, converted or tested here, and the Python module holds the whole engine: the library that other
# programs would link is a second copy of it.
rm -rf "$packages"/onnxruntime/quantization "$packages"/onnxruntime/tools "$packages"/onnxruntime/transformers \
    "$packages"/onnxruntime/capi/libonnxruntime.so.* "$packages"/onnx/backend/test

# These wheels carry debug information in their extension modules. What lies in the wheels' *.libs
# folders stays as it is: its segments were moved by the wheels' makers, and strip breaks their alignment.
find "$packages"/av "$packages"/imagecodecs "$packages"/uvloop -name '*.so' -exec strip --strip-unneeded {} +

find "$packages" -type d -name tests -prune -exec rm -rf {} +
