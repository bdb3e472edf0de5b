// Five-way sentiment of film reviews' sentences (Stanford Sentiment Treebank).

#include "common/classify.h"

int main(int argc, char** argv) {
  return minillama::app::classify_main(
      "classify_sst",
      {.name = "sst",
       .label_names = {"awful", "bad", "average", "good", "excellent"},
       .better_train = "sst-trees/train.txt",
       .recipe = {"--option=lora", "--lora-rank=16", "--lora-alpha=32",
                  "--lora-targets=compute_query,compute_key,compute_value,compute_output,w1,w2,w3",
                  "--epochs=1", "--lr=1e-3", "--batch-size=64", "--phrase-weights=length"}},
      argc, argv);
}
