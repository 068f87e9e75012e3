// The words of MLflow's search language; only for the sources of this folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lazurite::filter_detail {

enum class Kind : unsigned char { kWord, kQuoted, kName, kSign, kOpen, kClose, kComma, kEnd };

struct Token {
  Kind kind = Kind::kEnd;
  std::string text;    // without quotes
  std::string source;  // as written
};

// The tokens of a filter or an order_by entry, kEnd last. kInvalidArgument if a quote is not
// closed.
Result<std::vector<Token>> Tokenize(std::string_view text);

}  // namespace lazurite::filter_detail
