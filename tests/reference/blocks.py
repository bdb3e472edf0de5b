#!/usr/bin/env python3
"""Writes blocks.safetensors beside this script, about every type of GGUF that has blocks:

    q4_k.bytes, q4_k.numbers   random blocks, and the numbers that the Python package gguf reads
    packed                     4,096 numbers, some of them outliers
    q4_k.error                 the root of the mean square by which ggml_quantize_chunk() of libggml
                               changes those; the types that minillama only reads have none

    python3 tests/reference/blocks.py /usr/lib/x86_64-linux-gnu/libggml-base.so.0

Needs gguf and NumPy; the committed file comes from gguf 0.19 and libggml 0.27 (Debian sid).
"""
import ctypes
import json
import os
import sys

import gguf
import numpy as np

# Where the half floats of a block begin: random ones shall be finite.
HALVES = {'q4_0': [0], 'q4_1': [0, 2], 'q5_0': [0], 'q5_1': [0, 2], 'q8_0': [0], 'q2_k': [80, 82],
          'q3_k': [108], 'q4_k': [0, 2], 'q5_k': [0, 2], 'q6_k': [208], 'iq4_nl': [0]}
ONLY_READ = ('q2_k', 'q3_k')


def quantised(library, kind, numbers):
    chunk = library.ggml_quantize_chunk
    chunk.restype = ctypes.c_size_t
    chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p] + [ctypes.c_int64] * 3 + [ctypes.c_void_p]
    block, size = gguf.GGML_QUANT_SIZES[kind]
    out = np.zeros(len(numbers) // block * size, np.uint8)
    chunk(kind.value, numbers.ctypes.data, out.ctypes.data, 0, 1, len(numbers), None)
    return gguf.quants.dequantize(out.reshape(-1, size), kind).reshape(-1)


def main(path):
    library = ctypes.CDLL(path)
    random = np.random.default_rng(20261129)
    packed = random.standard_t(6, 4096).astype(np.float32)
    tensors = {'packed': packed}
    for name, halves in HALVES.items():
        kind = gguf.GGMLQuantizationType[name.upper()]
        block, size = gguf.GGML_QUANT_SIZES[kind]
        stored = random.integers(0, 256, (512 // block, size), dtype=np.uint8)
        for at in halves:
            stored[:, at + 1] &= 0xBF
        tensors[f'{name}.bytes'] = stored.reshape(-1)
        tensors[f'{name}.numbers'] = gguf.quants.dequantize(stored, kind).astype(np.float32).reshape(-1)
        if name not in ONLY_READ:
            error = quantised(library, kind, packed).astype(np.float64) - packed
            tensors[f'{name}.error'] = np.float32([np.sqrt(np.mean(error ** 2))])
            print(f'{name}: {tensors[f"{name}.error"][0]:.6f}')
    header, data = {}, b''
    for name, tensor in tensors.items():
        dtype = 'U8' if tensor.dtype == np.uint8 else 'F32'
        header[name] = {'dtype': dtype, 'shape': list(tensor.shape),
                        'data_offsets': [len(data), len(data) + tensor.nbytes]}
        data += tensor.tobytes()
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'blocks.safetensors'), 'wb') as file:
        file.write(len(text).to_bytes(8, 'little') + text + data)


main(sys.argv[1])
