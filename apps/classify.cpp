// Any texts, any labels: those of whatever it is trained on.

#include "common/classify.h"

int main(int argc, char** argv) {
  return minillama::app::classify_main("classify", {}, argc, argv);
}
