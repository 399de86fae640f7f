#!/bin/sh
# Takes 130 MB out of a virtual environment that a CPU service never loads: slim.sh FOLDER. Needs binutils.
set -eu

packages=$(echo "$1"/lib/python3*/site-packages)

# ONNX files run on the CPU here: not OpenVINO's GPU and NPU plugins and its other frontends,
# not the kernels prebuilt for that GPU plugin, not the C++ headers.
for part in intel_gpu_plugin intel_npu_plugin \
    gguf_frontend jax_frontend paddle_frontend pytorch_frontend tensorflow_frontend tensorflow_lite_frontend; do
    rm -f "$packages"/openvino/libs/libopenvino_"$part".so*
done
rm -f "$packages"/openvino/libs/cache.json
rm -rf "$packages"/openvino/include

# These two wheels carry debug information in their extension modules. What lies in the wheels' *.libs
# folders stays as it is: its segments were moved by the wheels' makers, and strip breaks their alignment.
find "$packages"/av "$packages"/imagecodecs -name '*.so' -exec strip --strip-unneeded {} +

find "$packages" -type d -name tests -prune -exec rm -rf {} +
