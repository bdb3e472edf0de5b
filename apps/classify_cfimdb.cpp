// Sentiment of whole film reviews, good or bad (CFIMDB).

#include "common/classify.h"

int main(int argc, char** argv) {
  return minillama::app::classify_main("classify_cfimdb",
                                       {.name = "cfimdb",
                                        .label_names = {"bad", "good"},
                                        .batch_size = 16,
                                        .test_is_labelled = false},
                                       argc, argv);
}
