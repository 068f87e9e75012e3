#include "engine/runner/secret_redaction.h"

#include <gtest/gtest.h>

namespace lazurite::runner {
namespace {

const Redaction kRedaction({"hf_secret", "tok\"en\\", "-----BEGIN-----\n  line two of it\nab\n"});

// The text as a log gets it in pieces of `size` bytes.
std::string InPieces(const Redaction& redaction, std::string_view text, size_t size) {
  StreamRedactor redactor(redaction);
  std::string out;
  for (size_t at = 0; at < text.size(); at += size) out += redactor.Add(text.substr(at, size));
  return out + redactor.Finish();
}

TEST(SecretRedaction, MasksValuesWhereverTheyAreCut) {
  const std::string text = "a hf_secret b hf_secrehf_secrethf_secret hf_secre\nhf_";
  const std::string masked = "a *** b hf_secre****** hf_secre\nhf_";
  for (size_t size = 1; size <= text.size(); ++size) {
    EXPECT_EQ(InPieces(kRedaction, text, size), masked) << size;
  }
}

TEST(SecretRedaction, MasksTheLinesOfALongValueAndLeavesShortOnes) {
  EXPECT_EQ(kRedaction.Apply("-----BEGIN-----\n  line two of it\nab\n"), "***\n  ***\nab\n");
  EXPECT_TRUE(Redaction({"abc", "", "\n\n", "  \n x"}).is_empty());
}

TEST(SecretRedaction, MasksOverlappingValuesTogether) {
  const Redaction redaction({"abcd", "cdef", "abcdxyz"});
  for (size_t size = 1; size <= 12; ++size) {
    EXPECT_EQ(InPieces(redaction, "1abcdef2", size), "1***2") << size;
    EXPECT_EQ(InPieces(redaction, "1abcdxyz2", size), "1***2") << size;
    EXPECT_EQ(InPieces(redaction, "1abcdxy2", size), "1***xy2") << size;
    EXPECT_EQ(InPieces(redaction, "1ababcd2", size), "1ab***2") << size;
  }
}

TEST(SecretRedaction, HoldsBackOnlyWhatMayBeginAValue) {
  StreamRedactor redactor(kRedaction);
  EXPECT_EQ(redactor.Add("a line\n"), "a line\n");
  EXPECT_EQ(redactor.Add("progress 10 %"), "progress 10 %");
  EXPECT_EQ(redactor.Add(" hf_se"), " ");
  EXPECT_EQ(redactor.Add("t\n"), "hf_set\n");
}

TEST(SecretRedaction, LeavesOtherBytesAlone) {
  std::string bytes;
  for (int i = 0; i < 100'000; ++i) bytes += static_cast<char>(i * 7 % 256);
  EXPECT_EQ(InPieces(kRedaction, bytes, 777), bytes);
}

TEST(SecretRedaction, FindsValuesInJsonHoweverTheyAreEscaped) {
  Json json = *Json::Parse(
      R"({"params": [{"key": "t", "value": "x tok\"en\\ y"},
                     {"key": "\u0068f_secret", "value": 1}]})");
  kRedaction.Apply(json);
  EXPECT_EQ(json.Dump(), R"({"params":[{"key":"t","value":"x *** y"},{"key":"***","value":1}]})");
}

}  // namespace
}  // namespace lazurite::runner
