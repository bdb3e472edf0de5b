// A directory's config.json, or the index of its weights.

#include "minillama/io/hugging_face_config.h"
#include "minillama/io/hugging_face_labels.h"

#include "target.h"

void minillama::fuzz::read(std::string_view input) {
  const Json json = parse_json(input, "input");
  try {
    if (is_hugging_face(json)) {
      read_hugging_face_config(json, "input");
      read_hugging_face_labels(json, "input");
    }
  } catch (const FileError&) {
  }
  read_hugging_face_index(json, "input");
}
