#include "minillama/generate/scheduler.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "minillama/core/require.h"
#include "minillama/generate/sampler.h"

namespace minillama {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// How many tokens both begin with, but the last of a prompt, behind which logits are wanted.
std::size_t common_prefix(const std::vector<std::int64_t>& kept,
                          const std::vector<std::int64_t>& prompt) {
  const auto end = kept.begin() + std::ptrdiff_t(std::min(kept.size(), prompt.size() - 1));
  return static_cast<std::size_t>(std::mismatch(kept.begin(), end, prompt.begin()).first -
                                  kept.begin());
}

std::int64_t longest_sequence(const ModelConfig& config, bool crop_context, std::int64_t capacity) {
  if (crop_context) return std::numeric_limits<std::int64_t>::max();
  return std::min(config.max_seq_len, capacity);
}

}  // namespace

/// A request on its way, from submit() to its end.
struct Scheduler::Request {
  Request(GenerationRequest request, OnEnd at_end, std::int64_t longest_sequence)
      : options(request.options),
        stop_ids(std::move(request.stop_ids)),
        on_token(std::move(request.on_token)),
        on_end(std::move(at_end)),
        keeps_prefix(request.keeps_prefix),
        drafter(std::move(request.drafter)),
        longest(longest_sequence),
        sampler(options),
        history(std::move(request.prompt)),
        prompt(history.size()) {}

  std::size_t unread() const { return history.size() - read; }

  std::vector<std::int64_t> tokens_read() const {
    return {history.begin(), history.begin() + static_cast<std::ptrdiff_t>(read)};
  }

  /// How many tokens may be guessed behind those that are known, of which the last chosen one is
  /// the model's.
  std::size_t room_for_guesses() const {
    return drafter ? static_cast<std::size_t>(room() - 1) : 0;
  }

  /// How many tokens may be chosen, of which the last is not read.
  std::int64_t room() const {
    return std::min(options.max_new_tokens - std::ssize(generation.ids),
                    longest - std::ssize(history) + 1);
  }

  /// The next tokens for the decoder. Logits are wanted behind all that is known alone, and behind
  /// each guess.
  Continuation next(std::size_t sequence, const Share& share) {
    const bool is_all = share.tokens == unread();
    guesses.clear();
    if (is_all && share.guesses > 0) guesses = drafter->guess(now(), sampler, share.guesses);
    const auto begin = history.begin() + static_cast<std::ptrdiff_t>(read);
    next_ids.assign(begin, begin + static_cast<std::ptrdiff_t>(share.tokens));
    next_ids.insert(next_ids.end(), guesses.begin(), guesses.end());
    return {.sequence = sequence, .ids = next_ids, .n_logits = is_all ? guesses.size() + 1 : 0};
  }

  /// Takes the logits behind the history, and behind guesses that are right. False if the text ends
  /// here.
  bool go_on(std::span<float> logits) {
    const std::size_t width = logits.size() / (guesses.size() + 1);
    if (generation.ids.empty()) generation.prompt_seconds = seconds_since(start);
    generation.guessed += guesses.size();
    bool goes_on = choose(logits.first(width));
    for (std::size_t i = 0; goes_on && i < guesses.size() && history.back() == guesses[i]; ++i) {
      ++generation.accepted;
      ++read;
      goes_on = choose(logits.subspan((i + 1) * width, width));
    }
    generation.decode_seconds = seconds_since(start) - generation.prompt_seconds;
    return goes_on;
  }

  bool choose(std::span<float> logits) {
    std::vector<float> unchanged;
    if (options.logprobs) {
      const auto vocabulary = static_cast<std::size_t>(options.vocabulary);
      const auto row = vocabulary > 0 ? logits.first(std::min(vocabulary, logits.size())) : logits;
      unchanged.assign(row.begin(), row.end());
    }
    const auto latest = sampler.next(logits, now());
    if (options.stop_at_end && std::ranges::find(stop_ids, latest) != stop_ids.end()) {
      return stop(StopReason::end_of_text);
    }
    generation.ids.push_back(latest);
    if (options.logprobs) {
      generation.logprobs.push_back(
          token_logprobs(unchanged, latest, static_cast<std::size_t>(*options.logprobs)));
    }
    history.push_back(latest);
    if (on_token && !on_token(latest)) return stop(StopReason::callback);
    if (sampler.is_at_end()) return stop(StopReason::end_of_text);
    if (std::ssize(generation.ids) == options.max_new_tokens) return false;
    if (std::ssize(history) > longest) return stop(StopReason::context_full);
    return true;
  }

  History now() const {
    return {.tokens = history,
            .prompt = prompt,
            .stop_ids = options.stop_at_end ? std::span(stop_ids) : std::span<std::int64_t>(),
            .left = room()};
  }

  bool stop(StopReason reason) {
    generation.stop = reason;
    return false;
  }

  void end() {
    if (on_end) on_end(std::move(generation));
  }

  Handle handle = 0;
  GenerationOptions options;
  std::vector<std::int64_t> stop_ids;
  std::function<bool(std::int64_t)> on_token;
  OnEnd on_end;
  bool keeps_prefix;
  std::shared_ptr<Drafter> drafter;
  std::int64_t longest;  // that the sequence may get
  Sampler sampler;
  std::vector<std::int64_t> history;
  std::size_t prompt;                       // how much of it is the prompt
  std::size_t read = 0;                     // how much of it the decoder has
  std::vector<std::int64_t> guesses = {};   // of what follows it
  std::vector<std::int64_t> next_ids = {};  // what the decoder is given in this step
  Generation generation;
  Clock::time_point start;  // when it got its sequence
};

Scheduler::Scheduler(const DecoderSource& model, const GenerationOptions& options,
                     const DecoderSize& size)
    : config_(model.config),
      crop_context_(options.crop_context),
      longest_(longest_sequence(config_, crop_context_, size.capacity)) {
  options.validate();
  require(size.sequences >= 1, "the scheduler's sequences", size.sequences, "be at least 1");
  decoder_ = model.make(options, size);
  running_.resize(size.sequences);
  kept_.resize(size.sequences);
}

Scheduler::~Scheduler() = default;

Scheduler::Handle Scheduler::submit(GenerationRequest request, OnEnd on_end) {
  request.options.validate();
  if (request.drafter && (crop_context_ || config_.attention != AttentionKind::causal)) {
    throw OptionError(
        "guesses need a model with causal attention and a context that is not cropped");
  }
  require(request.options.crop_context == crop_context_, "the request's crop_context",
          request.options.crop_context, "be the scheduler's");
  check_prompt(request.prompt, config_, request.options);
  check_ids(request.options, config_);
  require(std::ssize(request.prompt) <= longest_, "the length of the prompt", request.prompt.size(),
          fmt::format("be at most {}, the longest sequence of the scheduler", longest_));
  auto submitted = std::make_unique<Request>(std::move(request), std::move(on_end), longest_);
  const std::lock_guard lock(mutex_);
  submitted->handle = next_;
  waiting_.push_back(std::move(submitted));
  return next_++;
}

void Scheduler::cancel(Handle handle) {
  const std::lock_guard lock(mutex_);
  cancelled_.push_back(handle);
}

bool Scheduler::step(std::size_t token_budget) {
  require(token_budget >= running_.size(), "the token budget", token_budget,
          fmt::format("be at least {}, one for each sequence", running_.size()));
  std::exception_ptr error;
  const auto attempt = [&error](const auto& part) {
    try {
      part();
    } catch (...) {
      if (!error) error = std::current_exception();
    }
  };
  const auto ended = admit();
  for (const auto& request : ended) attempt([&] { request->end(); });

  const auto shares = divide(token_budget);
  std::vector<Continuation> continuations;
  for (std::size_t i = 0; i < running_.size(); ++i) {
    if (!running_[i]) continue;
    attempt([&] {
      auto request = std::move(running_[i]);  // over if guessing throws
      continuations.push_back(request->next(i, shares[i]));
      running_[i] = std::move(request);
    });
  }
  if (!continuations.empty()) decoder_->append(continuations);
  for (std::size_t i = 0; i < continuations.size(); ++i) {
    const auto& [sequence, ids, n_logits, n_states] = continuations[i];
    running_[sequence]->read += ids.size() - running_[sequence]->guesses.size();
    if (n_logits == 0) continue;
    attempt([&, sequence = sequence] { take_logits(sequence, decoder_->logits(i)); });
  }
  if (error) std::rethrow_exception(error);
  return !ended.empty() || !continuations.empty();
}

Scheduler::Requests Scheduler::admit() {
  const std::lock_guard lock(mutex_);
  Requests ended;
  for (const Handle handle : std::exchange(cancelled_, {})) {
    const auto take_from = [&](auto& requests) {
      const auto found = std::ranges::find_if(
          requests, [&](const auto& request) { return request && request->handle == handle; });
      if (found == requests.end()) return;
      (*found)->stop(StopReason::cancelled);
      ended.push_back(std::move(*found));
    };
    take_from(running_);
    take_from(waiting_);
  }
  std::erase(waiting_, nullptr);  // what was cancelled
  while (!waiting_.empty() && !is_being_read(*waiting_.front())) {
    const auto free = std::find(running_.begin(), running_.end(), nullptr);
    if (free == running_.end()) break;
    auto request = std::move(waiting_.front());
    waiting_.pop_front();
    if (request->options.max_new_tokens == 0) {
      ended.push_back(std::move(request));
    } else {
      start(std::move(request), static_cast<std::size_t>(free - running_.begin()));
    }
  }
  return ended;
}

bool Scheduler::is_being_read(const Request& request) const {
  if (!request.keeps_prefix) return false;
  const std::size_t all = request.prompt - 1;
  return std::ranges::any_of(running_, [&](const auto& other) {
    return other && other->read < all && common_prefix(other->history, request.history) == all;
  });
}

void Scheduler::start(std::unique_ptr<Request> request, std::size_t free) {
  std::size_t from = 0, read = 0;
  if (request->keeps_prefix) {
    for (std::size_t i = 0; i < running_.size(); ++i) {
      const auto& known = running_[i] ? running_[i]->history : kept_[i];
      const std::size_t has = running_[i] ? running_[i]->read : known.size();
      const std::size_t common = std::min(has, common_prefix(known, request->history));
      if (common <= read) continue;
      from = i;
      read = common;
    }
  }
  const std::size_t to = running_[from] || read == 0 ? free : from;
  if (to != from && read > 0) decoder_->copy(from, to);
  decoder_->truncate(to, read);
  kept_[to].clear();
  request->read = read;
  request->start = Clock::now();
  running_[to] = std::move(request);
}

std::vector<Scheduler::Share> Scheduler::divide(std::size_t token_budget) const {
  std::vector<std::size_t> sequences;  // those in use, by the age of their requests
  for (std::size_t i = 0; i < running_.size(); ++i) {
    if (running_[i]) sequences.push_back(i);
  }
  std::ranges::sort(sequences, {}, [&](std::size_t i) { return running_[i]->handle; });
  std::vector<Share> shares(running_.size());
  std::size_t left = token_budget - sequences.size();
  for (const std::size_t i : sequences) {
    const std::size_t more = std::min(left, running_[i]->unread() - 1);
    shares[i].tokens = 1 + more;
    left -= more;
    if (shares[i].tokens < running_[i]->unread()) continue;
    shares[i].guesses = std::min(left, running_[i]->room_for_guesses());
    left -= shares[i].guesses;
  }
  return shares;
}

void Scheduler::take_logits(std::size_t sequence, std::span<float> logits) {
  // If this throws, the request is over and its sequence free.
  auto request = std::move(running_[sequence]);
  const bool goes_on = request->go_on(logits);
  // Without the guesses that were wrong.
  if (!request->guesses.empty()) decoder_->truncate(sequence, request->read);
  // What the decoder has of a text that ends here; whoever throws leaves nothing to go on from.
  if (goes_on) {
    running_[sequence] = std::move(request);
  } else {
    kept_[sequence] = request->tokens_read();
    request->end();
  }
}

}  // namespace minillama
