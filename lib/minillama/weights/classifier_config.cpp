#include "minillama/weights/classifier_config.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "minillama/core/error.h"
#include "minillama/text/sentence_template.h"

namespace minillama {

std::string_view to_string(PoolingKind pooling) {
  switch (pooling) {
    case PoolingKind::last:
      return "last";
    case PoolingKind::mean:
      return "mean";
    case PoolingKind::padded_last:
      return "padded-last";
  }
  throw OptionError(fmt::format("pooling is {}, no such kind", static_cast<int>(pooling)));
}

PoolingKind pooling_kind(std::string_view text) {
  for (const auto kind : {PoolingKind::last, PoolingKind::mean, PoolingKind::padded_last}) {
    if (to_string(kind) == text) return kind;
  }
  throw OptionError(fmt::format("pooling is {}, must be last, mean or padded-last", quote(text)));
}

void ClassifierConfig::validate() const {
  if (label_names.size() < 2) {
    throw OptionError(
        fmt::format("classifier: {} labels, at least 2 are needed", label_names.size()));
  }
  for (auto name = label_names.begin(); name != label_names.end(); ++name) {
    if (name->empty() || std::find(label_names.begin(), name, *name) != name) {
      throw OptionError(
          fmt::format("classifier: label name {} is empty or there twice", quote(*name)));
    }
  }
  if (!(dropout >= 0 && dropout < 1)) {
    throw OptionError(fmt::format("classifier: dropout is {}, must lie in [0, 1)", dropout));
  }
  if (pad_id < -1) throw OptionError(fmt::format("classifier: pad_id is {}", pad_id));
  if (!(std::isfinite(temperature) && temperature > 0)) {
    throw OptionError(fmt::format("classifier: temperature is {}, must be positive", temperature));
  }
  SentenceTemplate{sentence_template};
}

}  // namespace minillama
