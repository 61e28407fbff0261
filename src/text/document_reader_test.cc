// SPDX-License-Identifier: Apache-2.0
#include "text/document_reader.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "text/text_test_files.h"
#include "text/utf8_repair.h"

namespace cambium {
namespace {

struct Read {
  std::vector<std::string> texts;  // whole documents, pieces joined
  std::vector<std::string> sources;
  std::vector<size_t> piece_sizes;
  DocumentStats stats;
};

Read ReadAll(const std::filesystem::path& path, DocumentReaderOptions options = {}) {
  DocumentReader reader(path, std::move(options));
  Read read;
  Document document;
  while (reader.Next(document)) {
    EXPECT_FALSE(document.text.empty());
    EXPECT_TRUE(IsValidUtf8(document.text));
    EXPECT_LE(reader.done_bytes(), reader.total_bytes());
    read.piece_sizes.push_back(document.text.size());
    if (document.continues) {
      read.texts.back() += document.text;
    } else {
      read.texts.push_back(document.text);
      read.sources.push_back(document.source);
    }
  }
  EXPECT_EQ(reader.done_bytes(), reader.total_bytes());
  read.stats = reader.stats();
  return read;
}

using Texts = std::vector<std::string>;

TEST(DocumentReader, FolderInNameOrderWithSkipsCounted) {
  const TestFolder folder;
  folder.Write("b.txt", "second");
  folder.Write("a/z.cc", "int main() {}\n");
  folder.Write("a.txt",
               "\xEF\xBB\xBF"
               "first");
  folder.Write("c.jsonl.gz", Gzip("{\"text\": \"third\"}\n{\"text\": \"fourth\"}"));
  folder.Write("d.txt.zst", Zstd("fifth"));
  folder.Write("empty.py", "");
  folder.Write("blank.txt", " \n\t\r\n");
  folder.Write("image.png", std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16));
  folder.Write(".git/config", "hidden");
  folder.Write(".hidden", "hidden");
  std::filesystem::create_directory_symlink("..", folder.path() / "a" / "loop");
  std::filesystem::create_symlink("nowhere", folder.path() / "dangling");
  std::filesystem::create_symlink("b.txt", folder.path() / "linked.txt");

  const Read read = ReadAll(folder.path());
  EXPECT_EQ(read.texts,
            (Texts{"first", "int main() {}\n", "second", "third", "fourth", "fifth", "second"}));
  EXPECT_EQ(read.sources, (Texts{"a.txt", "a/z.cc", "b.txt", "c.jsonl.gz", "c.jsonl.gz",
                                 "d.txt.zst", "linked.txt"}));
  EXPECT_EQ(read.stats.num_files, 8u);
  EXPECT_EQ(read.stats.num_documents, 7u);
  EXPECT_EQ(read.stats.num_binary_skipped, 1u);
  EXPECT_EQ(read.stats.num_hidden_skipped, 2u);
  EXPECT_EQ(read.stats.num_special_skipped, 2u);
  EXPECT_EQ(read.stats.num_empty_skipped, 1u);
  EXPECT_NE(read.stats.Summary().find("1 binary file,"), std::string::npos);

  const Read without = ReadAll(folder.path(), {.exclude = {folder.path() / "a"}});
  EXPECT_EQ(without.sources[1], "b.txt");
}

TEST(DocumentReader, EmptyInputIsAnErrorThatSaysWhatWasThere) {
  const TestFolder folder;
  EXPECT_EQ(CatchError([&] { ReadAll(folder.path()); }).code, ErrorCode::kCorruptData);
  EXPECT_EQ(CatchError([&] { ReadAll(folder.path() / "no"); }).code, ErrorCode::kNotFound);
  const auto empty = folder.Write("empty", "");
  EXPECT_EQ(CatchError([&] { ReadAll(empty); }).code, ErrorCode::kCorruptData);
  const auto blank = folder.Write("blank", "\n\n");
  const Caught caught = CatchError([&] { ReadAll(blank); });
  EXPECT_NE(caught.message.find("1 empty document)"), std::string::npos) << caught.message;
}

TEST(DocumentReader, ABinaryFileNamedAsTheInputIsAnError) {
  const TestFolder folder;
  const auto nul = folder.Write("nul", std::string("text\0text", 9));
  EXPECT_NE(CatchError([&] { ReadAll(nul); }).message.find("NUL"), std::string::npos);
  const auto utf16 = folder.Write("utf16", "\xFF\xFEh\x01i\x01");
  EXPECT_NE(CatchError([&] { ReadAll(utf16); }).message.find("iconv"), std::string::npos);
  const auto control = folder.Write("control", "\x01\x02\x03 abc");
  EXPECT_EQ(CatchError([&] { ReadAll(control); }).code, ErrorCode::kCorruptData);
  const auto latin = folder.Write("koi8", std::string(100, '\xC1'));
  EXPECT_NE(CatchError([&] { ReadAll(latin); }).message.find("UTF-8"), std::string::npos);
}

TEST(DocumentReader, InvalidUtf8IsRepairedAndCounted) {
  const TestFolder folder;
  const Read read = ReadAll(folder.Write("a", "caf\xE9 and \xF0\x9F\x98 end"));
  EXPECT_EQ(read.texts, (Texts{"caf\xEF\xBF\xBD and \xEF\xBF\xBD end"}));
  EXPECT_EQ(read.stats.num_repaired, 2u);
}

TEST(DocumentReader, SeparatorLines) {
  const TestFolder folder;
  const std::string text =
      "<|endoftext|>\none\nmore\n<|endoftext|>\r\ntwo <|endoftext|> inside\n<|endoftext|>\n"
      "<|endoftext|>\n <|endoftext|>\nthree\n<|endoftext|>";
  const auto path = folder.Write("a", text);
  const Texts expected = {"one\nmore\n", "two <|endoftext|> inside\n", " <|endoftext|>\nthree\n"};
  EXPECT_EQ(ReadAll(path).texts, expected);
  // Whatever the size of pieces, the documents are the same.
  for (size_t piece = 8; piece < 60; ++piece) {
    EXPECT_EQ(ReadAll(path, {.piece_bytes = piece}).texts, expected) << piece;
  }
  EXPECT_EQ(ReadAll(path, {.separator = ""}).texts, (Texts{text}));
  // A piece that happens to start with it in the middle of a line is not at a separator.
  const Texts inside = {"some words, then<|endoftext|>\nand more"};
  const auto other = folder.Write("b", inside[0]);
  for (size_t piece = 8; piece < 40; ++piece) {
    EXPECT_EQ(ReadAll(other, {.piece_bytes = piece}).texts, inside) << piece;
  }
}

TEST(DocumentReader, PiecesJoinToTheDocumentAndCutAtLines) {
  const TestFolder folder;
  std::string text;
  for (int i = 0; i < 3000; ++i) text += fmt::format("line {} \xE2\x82\xAC\xF0\x9F\x98\x80\n", i);
  const auto path = folder.Write("a", text);
  for (const size_t piece : {size_t{64}, size_t{1000}, size_t{4096}}) {
    const Read read = ReadAll(path, {.piece_bytes = piece});
    EXPECT_EQ(read.texts, Texts{text});
    for (const size_t size : read.piece_sizes) EXPECT_LE(size, piece);
    EXPECT_LE(read.piece_sizes.size(), 2 * text.size() / piece + 1);
  }
}

TEST(DocumentReader, OneGiantLineIsLinear) {
  const TestFolder folder;
  const std::string text(size_t{24} << 20, 'x');
  const auto start = std::chrono::steady_clock::now();
  const Read plain = ReadAll(folder.Write("a.txt", text));
  EXPECT_EQ(plain.texts.size(), 1u);
  EXPECT_EQ(plain.texts[0].size(), text.size());
  EXPECT_EQ(plain.piece_sizes.size(), 24u);
  const Read json = ReadAll(folder.Write("a.jsonl", "{\"text\":\"" + text + "\"}"));
  EXPECT_EQ(json.texts[0].size(), text.size());
  EXPECT_EQ(json.piece_sizes.size(), 24u);
  // Quadratic work on 24 MiB would take hours; the bound leaves room for sanitizers.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

TEST(Jsonl, TextFieldEscapesAndOtherFields) {
  const TestFolder folder;
  const auto path = folder.Write("a.jsonl",
                                 "\xEF\xBB\xBF{\"id\": [1, {\"text\": \"inner\"}], \"text\": "
                                 "\"a\\n\\u00e9\", \"z\": {\"text\": 3}}\r\n"
                                 "\n  \n"
                                 "{\"text\": \"\\ud83d\\ude00 \\ud83d \\ude00 \\\\ud83d\"}\n"
                                 "{\"text\": \"\"}\n"
                                 "{\"text\": \"last\"}");
  const Read read = ReadAll(path);
  EXPECT_EQ(read.texts,
            (Texts{"a\n\xC3\xA9", "\xF0\x9F\x98\x80 \xEF\xBF\xBD \xEF\xBF\xBD \\ud83d", "last"}));
  EXPECT_EQ(read.stats.num_repaired, 2u);
  EXPECT_EQ(read.stats.num_empty_skipped, 1u);
  EXPECT_EQ(ReadAll(folder.Write("b.jsonl", "{\"body\": \"x\"}"), {.text_field = "body"}).texts,
            Texts{"x"});
}

TEST(Jsonl, BadLinesNameFileAndLineOrAreSkipped) {
  const TestFolder folder;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{\"text\": \"cut", "not JSON at byte"},
      {"{\"title\": \"x\"}", "no field \"text\""},
      {"{\"text\": 5}", "is a number, not a string"},
      {"{\"text\": {\"text\": \"x\"}}", "is an object, not a string"},
      {"[\"text\"]", "not a JSON object"},
      {"\"text\"", "not a JSON object"},
      {"[{\"text\": \"x\"}]", "not a JSON object"},
      {"{\"text\": \"a\"} {\"text\": \"b\"}", "not JSON at byte"},
      {"plain text", "not JSON at byte"},
      {std::string(100000, '['), "not JSON at byte"},
  };
  for (const auto& [line, reason] : cases) {
    const auto path =
        folder.Write("bad.jsonl", "{\"text\": \"good\"}\n\n" + line + "\n{\"text\": \"after\"}\n");
    const Caught caught = CatchError([&] { ReadAll(path); });
    EXPECT_EQ(caught.code, ErrorCode::kCorruptData);
    EXPECT_NE(caught.message.find("bad.jsonl: line 3: "), std::string::npos) << caught.message;
    EXPECT_NE(caught.message.find(reason), std::string::npos) << caught.message;
    const Read read = ReadAll(path, {.skip_bad_json_lines = true});
    EXPECT_EQ(read.texts, (Texts{"good", "after"}));
    EXPECT_EQ(read.stats.num_bad_lines_skipped, 1u);
  }
}

TEST(Jsonl, AnOverlongLineIsAnErrorOrSkippedWithoutHoldingIt) {
  const TestFolder folder;
  const auto path =
      folder.Write("a.jsonl", "{\"text\": \"one\"}\n{\"text\": \"" + std::string(500000, 'x') +
                                  "\"}\n{\"text\": \"two\"}\n");
  const Caught caught = CatchError([&] { ReadAll(path, {.max_line_bytes = 1000}); });
  EXPECT_EQ(caught.code, ErrorCode::kResourceExhausted);
  EXPECT_NE(caught.message.find("line 2: longer than 1000 bytes"), std::string::npos);
  const Read read = ReadAll(path, {.skip_bad_json_lines = true, .max_line_bytes = 1000});
  EXPECT_EQ(read.texts, (Texts{"one", "two"}));
  EXPECT_EQ(read.stats.num_bad_lines_skipped, 1u);
  EXPECT_EQ(ReadAll(path).texts.size(), 3u);
}

}  // namespace
}  // namespace cambium
