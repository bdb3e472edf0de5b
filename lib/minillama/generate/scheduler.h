#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "minillama/generate/decoder.h"
#include "minillama/generate/drafter.h"
#include "minillama/generate/generation.h"
#include "minillama/generate/generation_options.h"

namespace minillama {

/// A prompt to continue, and how.
struct GenerationRequest {
  std::vector<std::int64_t> prompt;         ///< usually BOS and a text; see check_prompt()
  GenerationOptions options = {};           ///< but for use_cache and use_engine, the scheduler's
  std::vector<std::int64_t> stop_ids = {};  ///< tokens that end the text, if options.stop_at_end
  std::function<bool(std::int64_t)> on_token = {};  ///< called with each token; false ends the text
  /// Whether what the prompt begins with is not read again if a sequence has it, of a request on
  /// its way or before; of requests with the same prompt, the others wait until one has read it. It
  /// changes roundings where tokens are computed alone and together with different ones, as modules
  /// do (model/module_decoder.h), and nothing with an engine.
  bool keeps_prefix = false;
  /// Guesses tokens, so that a step may give several; null: none. It belongs to this request.
  std::shared_ptr<Drafter> drafter = {};
};

/// Continues prompts side by side in the sequences of one decoder: the loop that all generation is
/// made of. Requests wait in the order in which they came until a sequence is free. What becomes of
/// one does not depend on the others.
///
/// submit() and cancel() may be called from any thread at any time, callbacks included. step() is
/// of one thread at a time; it is what calls the callbacks.
class Scheduler {
 public:
  /// Names a request; never used twice.
  using Handle = std::uint64_t;
  using OnEnd = std::function<void(Generation)>;

  static constexpr std::size_t kNoBudget = std::numeric_limits<std::size_t>::max();

  /// @param options the decoder is made with: use_cache, use_engine, crop_context
  /// @param size    how many requests go on at the same time, and the longest that a prompt and its
  ///                continuation may get, unless options.crop_context
  /// Throws OptionError if the options are not valid or there can be no such decoder.
  Scheduler(const DecoderSource& model, const GenerationOptions& options, const DecoderSize& size);

  /// What is still on its way ends without a callback.
  ~Scheduler();

  /// A request is to be continued. `on_end` is called once, when its text has ended or was
  /// cancelled. Throws OptionError if the options or the prompt cannot be used, the prompt is
  /// longer than a sequence can get, options.crop_context is not the scheduler's, or there is a
  /// drafter and later tokens change what earlier ones mean: under full attention or in a cropped
  /// context.
  Handle submit(GenerationRequest request, OnEnd on_end);

  /// Ends a request at the beginning of the next step, with the tokens that it has by then. Nothing
  /// happens if it has ended.
  void cancel(Handle handle);

  /// Takes every request that has a sequence further: what it has not read goes through the model,
  /// and behind all of that its next token is chosen. Each reads at least one token; what the
  /// budget leaves goes to prompts and guesses, in the order in which their requests came; prompts
  /// are read in pieces if need be.
  ///
  /// @param token_budget how many tokens go through the model at most
  /// @return whether anything was there to be continued
  /// Throws OptionError if the budget is smaller than the number of sequences. An InputError, as
  /// the model's weights are broken, or whatever a callback throws, leaves step() when the others
  /// have had their part of it; the request that it came from has ended then, and `on_end` is not
  /// called if it was not.
  bool step(std::size_t token_budget = kNoBudget);

 private:
  struct Request;
  using Requests = std::vector<std::unique_ptr<Request>>;

  /// Gives waiting requests the sequences that are free. Returns those that end here, as they were
  /// cancelled or want no tokens.
  Requests admit();
  /// Whether another request reads this one's prompt at the moment.
  bool is_being_read(const Request& request) const;
  /// Gives the request the sequence that is free, or that of them which has more of its prompt.
  void start(std::unique_ptr<Request> request, std::size_t free);
  /// What goes through the model of a sequence in a step.
  struct Share {
    std::size_t tokens = 0;   // of what is known
    std::size_t guesses = 0;  // at most
  };
  std::vector<Share> divide(std::size_t token_budget) const;
  /// Chooses the tokens behind the logits of a sequence's request, one and more where guesses were
  /// right; ends it if that was the last.
  void take_logits(std::size_t sequence, std::span<float> logits);

  ModelConfig config_;
  bool crop_context_;
  std::int64_t longest_;  // that a sequence may get
  std::unique_ptr<Decoder> decoder_;
  Requests running_;                             // of each sequence, or null
  std::vector<std::vector<std::int64_t>> kept_;  // what sequences that are free have read

  std::mutex mutex_;  // of what follows
  Handle next_ = 0;
  std::deque<std::unique_ptr<Request>> waiting_;
  std::vector<Handle> cancelled_;
};

}  // namespace minillama
