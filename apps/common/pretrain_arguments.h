#pragma once

#include <cstdint>

#include "minillama/core/model_config.h"
#include "minillama/text/tokenized_text.h"
#include "minillama/train/pretraining_options.h"

#include "common/arguments.h"

namespace minillama::app {

/// Declares the options of the pretraining app.
Arguments declare_pretrain_arguments();

/// Throws OptionError if an option was given that has no effect beside the others.
void check_pretrain_arguments(const Arguments& arguments);

/// The shape of a new model; `vocab_size` is the tokenizer's.
ModelConfig read_model_shape(const Arguments& arguments, std::int64_t vocab_size);

PretrainingOptions read_pretraining_options(const Arguments& arguments);

/// --documents.
Documents read_documents(const Arguments& arguments);

}  // namespace minillama::app
