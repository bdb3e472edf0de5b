#include "common/chat.h"

#include <string>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/generate/chat.h"
#include "minillama/text/text_file.h"

#include "common/generate_arguments.h"
#include "common/output.h"
#include "common/sampling_arguments.h"
#include "common/typed_lines.h"

namespace minillama::app {
namespace {

void answer(Chat& chat, const std::string& message, bool quiet) {
  const auto reply = chat.reply(message, results());
  write_result("\n");
  if (reply.n_dropped > 0) {
    note("The model's context is full: {} of the oldest turns dropped.\n", reply.n_dropped);
  }
  if (quiet) return;
  const auto n = reply.generation.ids.size();
  if (reply.generation.stop == StopReason::max_new_tokens) {
    note("The answer was cut after {} tokens (--max-new-tokens).\n", n);
  } else if (reply.generation.stop == StopReason::context_full) {
    note("The answer was cut after {} tokens: the model's context is full.\n", n);
  }
}

/// Each line when it comes. A person goes on behind a message that cannot be answered.
void answer_lines(Chat& chat, const std::filesystem::path& path, bool quiet) {
  TypedLines lines(path);
  if (lines.is_person() && !quiet) note("Type messages, one a line; Ctrl-D ends.\n");
  while (const auto line = lines.next()) {
    if (is_blank(*line)) continue;
    try {
      answer(chat, *line, quiet);
    } catch (const OptionError& error) {
      if (!lines.is_person()) throw lines.error(error.what());
      note("{}\n", error.what());
    }
  }
}

}  // namespace

void chat(const TextGenerator& generator, const Arguments& arguments, const ModelArguments& model) {
  const auto options = with_word_arguments(
      arguments, read_generation_options(arguments, model.compatible), generator.tokenizer());
  report_sampling(arguments, options);
  Chat chat(generator, Chat::read_template(model.model, generator.tokenizer()), options);
  if (arguments.given("system")) chat.set_system(arguments.text("system"));
  const auto prompts = arguments.texts("prompt");
  for (const auto& prompt : prompts) answer(chat, prompt, model.quiet);
  if (!prompts.empty()) return;
  answer_lines(chat, arguments.given("file") ? arguments.text("file") : "-", model.quiet);
}

}  // namespace minillama::app
