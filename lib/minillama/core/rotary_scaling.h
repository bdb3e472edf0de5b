#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minillama {

struct ModelConfig;

/// How rotary frequencies are changed for contexts longer than the one that was trained with first.
/// Which of the numbers count is a matter of the kind; 0 in one stands for its default, which
/// ModelConfig::resolved() fills in.
struct RotaryScaling {
  std::string kind = "default";    ///< a name of rotary_kinds()
  double factor = 0;               ///< by which the context is longer
  double original_context = 0;     ///< positions that were trained with first
  double low_freq_factor = 0;      ///< llama3: turns in that context, below which all is scaled
  double high_freq_factor = 0;     ///< llama3: turns in that context, above which nothing is
  double beta_fast = 0;            ///< yarn: as high_freq_factor; 0: 32
  double beta_slow = 0;            ///< yarn: as low_freq_factor; 0: 1
  double attention_factor = 0;     ///< yarn: of cosines and sines; 0: 0.1 ln(factor) + 1
  std::vector<double> divisors{};  ///< divisors: of each frequency, [Dh / 2]

  bool operator==(const RotaryScaling&) const = default;
};

/// A number that a kind has, under the name that Hugging Face's transformers and our config.json
/// give it.
struct RotaryField {
  std::string_view name;
  double RotaryScaling::*value;
  /// What it is where nothing is said; null if it must be said.
  double (*otherwise)(const ModelConfig& config);
};

/// A kind of scaling: a row of the table in core/rotary_scaling.cpp.
struct RotaryKind {
  std::string_view name;  ///< "rope_type" of transformers
  std::span<const RotaryField> fields;
  /// The frequency of pair i of a head, made of the one without scaling.
  double (*scaled)(double frequency, std::size_t i, const ModelConfig& config);
  /// What else must hold: throws OptionError. May be null.
  void (*check)(const ModelConfig& config) = nullptr;
  /// Whether `scaled` holds for the first max_seq_len positions only.
  bool ends_with_context = false;
};

std::span<const RotaryKind> rotary_kinds();
/// Null if there is none of that name.
const RotaryKind* find_rotary_kind(std::string_view name);

/// The scaling of `config`, whose other fields are resolved, with the defaults filled in. Throws
/// OptionError naming the field and its value if it describes none.
RotaryScaling resolved_scaling(const ModelConfig& config);

/// The angles of rotary positions (Su et al. 2021, arXiv:2104.09864).
struct RotaryFrequencies {
  /// [Dh / 2], radians by which a position turns each pair; empty if positions are not rotary.
  std::vector<double> per_position;
  double scale = 1;  ///< of all cosines and sines
};

/// f_i = theta^(-2i / Dh), scaled as the config says: the one formula for rotary positions. Where
/// only a share of a head's dimensions is rotary, Dh is their number, and f = 0 for the others,
/// which so stay as they are (GPT-NeoX's, Black et al. 2022, arXiv:2204.06745, section 2.1.1).
///
///     linear    f / factor
///     dynamic   f, within max_seq_len; transformers raises theta for longer sequences
///     yarn      f (1 - r) + f / factor r, r from 0 to 1 between the pairs that turn beta_fast and
///               beta_slow times in the original context (Peng et al. 2023, arXiv:2309.00071)
///     llama3    the same between high_freq_factor and low_freq_factor turns, linear in the turns
///     divisors  f / divisor of the pair, as a GGUF file's rope_freqs
///
/// @param config is resolved first; throws OptionError as that does
RotaryFrequencies rotary_frequencies(const ModelConfig& config);

/// Throws OptionError if the frequencies of a resolved config do not hold for that many positions.
void require_rotary_positions(const ModelConfig& config, std::int64_t count);

}  // namespace minillama
