// Five-way sentiment of film reviews' sentences (Stanford Sentiment Treebank).

#include "common/classify.h"

int main(int argc, char** argv) {
  return minillama::app::classify_main(
      "classify_sst",
      {.name = "sst", .label_names = {"awful", "bad", "average", "good", "excellent"}}, argc, argv);
}
