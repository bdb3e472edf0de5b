#include "minillama/checkpoint/checkpoint.h"

#include <deque>
#include <utility>

#include <fmt/format.h>

#include "minillama/checkpoint/peft_adapter.h"
#include "minillama/checkpoint/rotary_rows.h"
#include "minillama/checkpoint/stored_weights.h"
#include "minillama/checkpoint/tokenizer_file.h"
#include "minillama/core/error.h"
#include "minillama/core/position_schemes.h"

namespace minillama {
namespace {

/// Keeps what the records of an adapter and of its base point to.
struct AdapterMemory {
  std::shared_ptr<const void> base;
  std::shared_ptr<const void> adapter;
  std::deque<std::vector<std::byte>> reordered;
};

/// The base of a PEFT adapter with the adapter among its own.
StoredModel open_adapted(const std::filesystem::path& path, const std::filesystem::path& config) {
  constexpr const char* kName = "peft";
  const auto adapter = open_peft_adapter(path);
  const auto base = find_base(path, adapter.base);
  StoredModel stored = open_stored_model(base, config);
  if (stored.adapters.contains(kName)) {
    throw FileError(base, fmt::format("has an adapter named {} already", quote(kName)));
  }
  const auto memory = std::make_shared<AdapterMemory>(
      AdapterMemory{.base = stored.file, .adapter = adapter.file, .reordered = {}});
  stored.file = memory;
  stored.format = "an adapter of PEFT's with its base";
  stored.path = adapter.path;
  stored.base = base;
  stored.adapters.emplace(kName, adapter.options.with_targets(shortest_targets(
                                     adapter.options.targets(), stored.config.n_layers)));
  stored.active_adapter = kName;
  for (TensorRecord record : adapter.tensors) {
    const auto heads = rotary_heads_of_adapter(record.name, adapter.options, stored.config);
    if (heads > 0) {
      record = reorder_rows(record, heads, RotaryRows::pairs, memory->reordered.emplace_back(),
                            adapter.path);
    }
    record.name.insert(record.name.rfind('.'), fmt::format(".{}", kName));
    stored.tensors.push_back(std::move(record));
  }
  if (adapter.classifier) {
    // Labels that only the base names are the base's, as in PEFT.
    if (!stored.classifier || adapter.has_labels) stored.classifier = adapter.classifier;
    stored.head = adapter.head;
  }
  if (adapter.attention) stored.config.attention = *adapter.attention;
  return stored;
}

}  // namespace

Checkpoint::Checkpoint(std::filesystem::path path, OpenOptions options, StoredModel stored)
    : path_(std::move(path)), options_(std::move(options)), stored_(std::move(stored)) {
  if (options_.attention) stored_.config.attention = *options_.attention;
  check_positions(stored_.config);
}

Checkpoint Checkpoint::open(const std::filesystem::path& path, const OpenOptions& options) {
  const bool is_adapter = is_peft_adapter(path);
  return {
      path, options,
      is_adapter ? open_adapted(path, options.config) : open_stored_model(path, options.config)};
}

bool Checkpoint::suits_engine() const {
  const auto active = stored_.adapters.find(stored_.active_adapter);
  return active == stored_.adapters.end() || active->second.is_affine();
}

Weights Checkpoint::weights() const {
  return weights_of(stored_);
}

const StoredModel& Checkpoint::stored_language_model() const {
  if (!stored_.classifier) return stored_;
  throw FileError(path_, stored_.base.empty()
                             ? "is a classifier; a language model is needed here"
                             : "is an adapter of a classifier; a language model is needed here");
}

const StoredModel& Checkpoint::stored_classifier() const {
  if (stored_.classifier) return stored_;
  throw FileError(path_, stored_.base.empty()
                             ? "is no classifier: it has no labels (train one with fine-tuning)"
                             : "holds an adapter without a head, so no classifier");
}

Weights Checkpoint::language_model() const {
  return weights_of(stored_language_model());
}

ClassifierHead Checkpoint::head() const {
  return head_of(stored_classifier());
}

Tokenizer Checkpoint::tokenizer() const {
  return read_tokenizer_for(path_, config(), options_.tokenizer, stored_.base);
}

}  // namespace minillama
