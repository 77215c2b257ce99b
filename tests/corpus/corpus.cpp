#include "tests/corpus/corpus.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <stdexcept>

namespace sipsteer::corpus {
namespace {

std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path.string());
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::vector<Message> load(const std::string& folder) {
    const std::filesystem::path root = std::filesystem::path(SIPSTEER_CORPUS) / folder;
    std::vector<Message> messages;
    std::set<std::string> names;
    std::istringstream index(read(root / "index.txt"));
    for (std::string line; std::getline(index, line);) {
        std::istringstream words(line);
        Message message;
        std::string answerable;
        if (line.empty() || line.front() == '#') continue;
        if (!(words >> message.name >> message.verdict >> message.request_uri >> answerable)) {
            throw std::runtime_error("index.txt: " + line);
        }
        message.answerable = answerable == "yes";
        message.bytes = read(root / (message.name + ".sip"));
        if (!names.insert(message.name).second)
            throw std::runtime_error("twice in index.txt: " + message.name);
        messages.push_back(std::move(message));
    }
    for (const auto& entry : std::filesystem::directory_iterator(root)) {
        if (entry.path().extension() == ".sip" && !names.contains(entry.path().stem().string())) {
            throw std::runtime_error("not in index.txt: " + entry.path().string());
        }
    }
    return messages;
}

std::vector<Message> load_all() {
    std::vector<Message> messages = load("torture");
    for (auto& message : load("faults")) messages.push_back(std::move(message));
    return messages;
}

}  // namespace sipsteer::corpus
