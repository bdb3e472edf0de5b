#include "minillama/text/token_ids.h"

namespace minillama {

TokenIds with_bos(const Tokenizer& tokenizer, const TokenIds& ids) {
  TokenIds all;
  all.reserve(ids.size() + 1);
  if (tokenizer.special_tokens().add_bos && tokenizer.bos_id() >= 0)
    all.push_back(tokenizer.bos_id());
  all.insert(all.end(), ids.begin(), ids.end());
  return all;
}

void remove_padding(std::span<TokenIds> sequences, std::int64_t pad_id) {
  for (TokenIds& ids : sequences) {
    while (ids.size() > 1 && ids.back() == pad_id) ids.pop_back();
  }
}

std::vector<std::int64_t> lengths_of(std::span<const TokenIds> sequences) {
  std::vector<std::int64_t> lengths;
  for (const auto& ids : sequences) lengths.push_back(std::ssize(ids));
  return lengths;
}

}  // namespace minillama
