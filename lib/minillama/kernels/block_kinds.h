#pragma once

// Not part of the interface of kernels/: the table of the kinds of blocks.

#include "minillama/kernels/blocks/iq4_nl.h"
#include "minillama/kernels/blocks/q2_k.h"
#include "minillama/kernels/blocks/q3_k.h"
#include "minillama/kernels/blocks/q4_0.h"
#include "minillama/kernels/blocks/q4_1.h"
#include "minillama/kernels/blocks/q4_k.h"
#include "minillama/kernels/blocks/q5_0.h"
#include "minillama/kernels/blocks/q5_1.h"
#include "minillama/kernels/blocks/q5_k.h"
#include "minillama/kernels/blocks/q6_k.h"
#include "minillama/kernels/blocks/q8_0.h"

/// Those that are computed with as they lie, and written.
#define MINILLAMA_FOR_EACH_BLOCK(row)                                                       \
  row(Q8_0Block) row(Q4_0Block) row(Q4_1Block) row(Q5_0Block) row(Q5_1Block) row(Q4_KBlock) \
      row(Q5_KBlock) row(Q6_KBlock) row(IQ4_NLBlock)

/// Those that are only read.
#define MINILLAMA_FOR_EACH_READ_BLOCK(row) row(Q2_KBlock) row(Q3_KBlock)
