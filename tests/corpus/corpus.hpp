#pragma once

#include <string>
#include <vector>

namespace sipsteer::corpus {

/// One message of the corpus and the verdict that stands beside it in `index.txt`.
struct Message {
    std::string name;  ///< file name without `.sip`
    std::string bytes;
    std::string verdict;      ///< `ok` or a word of ParseError
    std::string request_uri;  ///< verdict of SipUri on the request URI; `-` when it is not asked
    bool answerable = false;  ///< can_answer() after a failed parse; `-` otherwise
};

/// All messages of a folder of tests/corpus, in the order of its `index.txt`. Throws
/// std::runtime_error when the index and the folder do not name the same files.
[[nodiscard]] std::vector<Message> load(const std::string& folder);

/// Every message of every folder.
[[nodiscard]] std::vector<Message> load_all();

}  // namespace sipsteer::corpus
