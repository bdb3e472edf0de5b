#include "minillama/text/chat_template_kinds.h"

#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/format.h>

namespace minillama {
namespace {

using Outputs = std::vector<JinjaOutput>;

constexpr std::array kContents = {std::string_view("{content}"),
                                  std::string_view("{content|trim}")};
constexpr std::string_view kBos = "{bos}", kEos = "{eos}", kSystem = "{system}";

bool has(const Outputs& outputs, std::string_view text) {
  return std::ranges::find(outputs, text, &JinjaOutput::text) != outputs.end();
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

/// Whether nothing is put in for names but the texts of tokens.
bool is_plain(std::string text) {
  return replaced(replaced(std::move(text), kBos, ""), kEos, "").find('{') == std::string::npos;
}

/// Divides what is written around a message; nothing if it is written around something else.
std::optional<ChatTurn> turn_around(std::string_view text) {
  for (const auto content : kContents) {
    const auto at = text.find(content);
    if (at == std::string_view::npos) continue;
    ChatTurn turn{.before = std::string(text.substr(0, at)),
                  .behind = std::string(text.substr(at + content.size())),
                  .trims = content != kContents.front()};
    if (is_plain(turn.before) && is_plain(turn.behind)) return turn;
  }
  return {};
}

/// The turn of a role of a template that writes `pattern` for all roles, or for this one.
std::optional<ChatTurn> turn_of(const Outputs& outputs, std::string_view pattern,
                                std::string_view role) {
  for (const auto content : kContents) {
    const auto any = replaced(std::string(pattern), "{content}", content);
    const auto one = replaced(any, "{role}", role);
    if (has(outputs, any) || has(outputs, one)) return turn_around(one);
  }
  return {};
}

/// A system message that the template gives to a variable; that of "elif false == true", in
/// templates of Llama 2, is switched off.
std::optional<std::string> assigned_system(const Outputs& outputs) {
  for (const auto& output : outputs) {
    const bool is_off = output.statement.find("false == true") != std::string::npos;
    if (output.variable.find("system") == std::string::npos || is_off) continue;
    if (!output.text.empty() && output.text.find('{') == std::string::npos) return output.text;
  }
  return {};
}

/// A system turn that is written as a whole, where there is no system message.
std::optional<std::string> written_system(const Outputs& outputs, const ChatTurn& turn) {
  for (const auto& [text, statement, variable, is_conditional] : outputs) {
    const bool is_turn = text.starts_with(turn.before) && text.ends_with(turn.behind) &&
                         text.size() > turn.before.size() + turn.behind.size();
    if (!is_turn || !variable.empty()) continue;
    auto content =
        text.substr(turn.before.size(), text.size() - turn.before.size() - turn.behind.size());
    if (content.find('{') == std::string::npos) return content;
  }
  return {};
}

/// "26 Jul 2024"
std::string today() {
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  return fmt::format("{:02} {} {}", local.tm_mday,
                     kMonths.at(static_cast<std::size_t>(local.tm_mon)), local.tm_year + 1900);
}

/// What templates from Llama 3.1 on begin a system turn with: "Cutting Knowledge Date: …"; null if
/// there is no such thing.
const JinjaOutput* dates_in(const Outputs& outputs) {
  const auto found = std::ranges::find_if(outputs, [](const JinjaOutput& output) {
    return output.text.starts_with("Cutting Knowledge Date: ");
  });
  return found == outputs.end() ? nullptr : &*found;
}

/// The same with a date: today's, where the template asks for it, else the one that it names.
std::string dated(const Outputs& outputs, const JinjaOutput& dates) {
  constexpr std::string_view kUnknown = "{?}";
  std::string date;
  for (const auto& output : outputs) {
    if (output.variable != "date_string") continue;
    date = output.text == kUnknown ? today() : output.text;  // strftime_now("%d %b %Y")
    if (output.text == kUnknown) break;
  }
  // The system message may follow without a statement in between.
  return replaced(dates.text.substr(0, dates.text.find(kSystem)), kUnknown, date);
}

/// Whether something is written that is no part of plain conversations, as thoughts that are left
/// out of earlier turns.
bool rewrites_messages(const Outputs& outputs) {
  return std::ranges::any_of(outputs, [](const JinjaOutput& output) {
    return output.text.find("think>") != std::string::npos ||
           output.statement.find("think") != std::string::npos;
  });
}

/// Whether all that a template writes on no condition is among `known`.
bool writes_only(const Outputs& outputs, const std::vector<std::string>& known) {
  return std::ranges::all_of(outputs, [&](const JinjaOutput& output) {
    return output.is_conditional || !output.variable.empty() ||
           std::ranges::find(known, output.text) != known.end();
  });
}

std::optional<ChatFormat> recognise_turns(const ChatTemplateKind& kind, const Outputs& outputs) {
  const auto system = turn_of(outputs, kind.turn, "system");
  const auto user = turn_of(outputs, kind.turn, "user");
  const auto assistant = turn_of(outputs, kind.turn, "assistant");
  if (!user || !assistant || !has(outputs, kind.answer) || rewrites_messages(outputs)) return {};
  ChatFormat format{.kind = std::string(kind.name),
                    .user = *user,
                    .assistant = *assistant,
                    .system_place = system ? SystemPlace::turn : SystemPlace::none,
                    .answer = std::string(kind.answer)};
  if (system) format.system = *system;
  const bool has_bos = has(outputs, kBos) || has(outputs, "{bos}{content}");
  if (has_bos) format.start = kBos;
  if (system) {
    format.default_system = written_system(outputs, *system);
    if (!format.default_system) format.default_system = assigned_system(outputs);
  }
  std::vector<std::string> always{
      std::string(kBos), "{content}", std::string(kind.answer),
      replaced(std::string(kind.turn), "{content}", kContents.at(user->trims ? 1 : 0))};
  if (const auto* dates = dates_in(outputs); dates != nullptr && system) {
    format.system_start = dated(outputs, *dates);
    always.insert(always.end(),
                  {system->before, dates->text, std::string(kSystem) + system->behind});
  }
  if (!writes_only(outputs, always)) return {};
  return format;
}

/// The turn around the text in an output that holds all of `parts` and none of `others`.
std::optional<ChatTurn> turn_with(const Outputs& outputs,
                                  std::initializer_list<std::string_view> parts,
                                  std::initializer_list<std::string_view> others) {
  for (const auto& output : outputs) {
    const auto holds = [&](std::string_view part) {
      return output.text.find(part) != std::string::npos;
    };
    if (!std::ranges::all_of(parts, holds) || std::ranges::any_of(others, holds)) continue;
    if (auto turn = turn_around(output.text)) return turn;
  }
  return {};
}

/// Where the system message stands in a user's, and what is around it.
void recognise_system(const Outputs& outputs, ChatFormat& format) {
  format.system_place = SystemPlace::none;
  for (const auto& [text, statement, variable, is_conditional] : outputs) {
    const auto at = text.find(kSystem);
    if (at == std::string::npos) continue;
    auto before = text.substr(0, at), behind = text.substr(at + kSystem.size());
    const auto content = std::ranges::find_if(
        kContents, [&](std::string_view name) { return behind.find(name) != std::string::npos; });
    if (content == kContents.end()) continue;
    behind.resize(behind.find(*content));
    // Of Mistral's, the whole of the user's turn.
    if (variable.empty() && before.starts_with(format.user.before)) {
      before.erase(0, format.user.before.size());
    }
    if (!is_plain(before) || !is_plain(behind)) continue;
    format.system = {.before = before, .behind = behind};
    format.system_place = statement.find("loop.last") != std::string::npos
                              ? SystemPlace::last_message
                              : SystemPlace::first_message;
    format.default_system = assigned_system(outputs);
    return;
  }
}

std::optional<ChatFormat> recognise_instructions(const ChatTemplateKind& kind,
                                                 const Outputs& outputs) {
  const bool has_block = std::ranges::any_of(outputs, [](const JinjaOutput& output) {
    return output.text.find("<<SYS>>") != std::string::npos;
  });
  const auto user = turn_with(outputs, {kind.turn, kind.answer}, {kSystem});
  const auto assistant = turn_with(outputs, {kEos}, {kind.turn, kind.answer});
  if (has_block != kind.has_system_block || !user || !assistant || rewrites_messages(outputs))
    return {};
  ChatFormat format{.kind = std::string(kind.name), .user = *user, .assistant = *assistant};
  if (has(outputs, kBos)) format.start = kBos;
  if (!writes_only(outputs, {std::string(kBos)})) return {};
  recognise_system(outputs, format);
  return format;
}

constexpr std::array kKinds = {
    ChatTemplateKind{.name = "ChatML",
                     .turn = "<|im_start|>{role}\n{content}<|im_end|>\n",
                     .answer = "<|im_start|>assistant\n",
                     .recognise = recognise_turns},
    ChatTemplateKind{.name = "Llama 3",
                     .turn = "<|start_header_id|>{role}<|end_header_id|>\n\n{content}<|eot_id|>",
                     .answer = "<|start_header_id|>assistant<|end_header_id|>\n\n",
                     .recognise = recognise_turns},
    ChatTemplateKind{.name = "Zephyr",
                     .turn = "<|{role}|>\n{content}{eos}\n",
                     .answer = "<|assistant|>\n",
                     .recognise = recognise_turns},
    ChatTemplateKind{.name = "Llama 2",
                     .turn = "[INST]",
                     .answer = "[/INST]",
                     .has_system_block = true,
                     .recognise = recognise_instructions},
    ChatTemplateKind{.name = "Mistral",
                     .turn = "[INST]",
                     .answer = "[/INST]",
                     .recognise = recognise_instructions}};

}  // namespace

std::span<const ChatTemplateKind> chat_template_kinds() {
  return kKinds;
}

}  // namespace minillama
