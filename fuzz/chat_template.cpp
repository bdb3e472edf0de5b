// A chat template: what it writes is told, and a conversation rendered if it is of a known kind.

#include "minillama/text/chat_template.h"

#include "minillama/io/jinja_outputs.h"
#include "minillama/text/chat_template_kinds.h"

#include "target.h"

void minillama::fuzz::read(std::string_view input) {
  const auto outputs = read_jinja_outputs(input, "input");
  const std::vector<ChatMessage> messages{
      {ChatRole::user, " a "}, {ChatRole::assistant, "b\n"}, {ChatRole::user, "\u00a0c"}};
  for (const auto& kind : chat_template_kinds()) {
    const auto format = kind.recognise(kind, outputs);
    if (!format) continue;
    const auto text = ChatTemplate(*format).render(messages);
    if (text.find('a') == std::string::npos || text.find('c') == std::string::npos) std::abort();
  }
}
