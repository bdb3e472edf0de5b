#pragma once

#include <span>
#include <string>

namespace minillama {

/// The question that the CMU assignment appends to a review, without the label that answers it:
/// "Is this movie awful, bad, average, good, or excellent? This movie is" — two labels are listed
/// as "bad or good". Throws OptionError unless there are at least two.
std::string sentiment_question(std::span<const std::string> label_names);

/// The same for a conversation (text/sentence_template.h): "{sentence} Is this movie …?" is the
/// user's message, "This movie is" begins the answer.
std::string sentiment_conversation(std::span<const std::string> label_names);

}  // namespace minillama
