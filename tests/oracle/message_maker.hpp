#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "tests/oracle/fields.hpp"

namespace sipsteer::oracle {

/// Makes valid SIP messages with every variation that RFC 3261 §25 allows for what a proxy reads:
/// blanks, folds, case, compact forms, comma-joined lists, quoting, escapes, IPv6, parameters in any
/// order, opaque junk. The same seed makes the same messages on every machine.
class MessageMaker {
  public:
    struct Made {
        std::string bytes;
        Fields truth;  ///< what was meant, known without any parser
    };

    explicit MessageMaker(std::uint64_t seed) : random_(seed) {}

    [[nodiscard]] Made make();

    /// `bytes` with one to three small damages.
    [[nodiscard]] std::string spoil(std::string bytes);

  private:
    [[nodiscard]] std::size_t below(std::size_t limit) { return random_() % limit; }
    [[nodiscard]] bool one_in(std::size_t n) { return below(n) == 0; }
    [[nodiscard]] std::string some(std::string_view alphabet, std::size_t least, std::size_t most);
    [[nodiscard]] std::string token() { return some("abcdefghijkXYZ0123456789-.!%*_+`'~", 1, 12); }
    [[nodiscard]] std::string blanks();       ///< LWS or nothing
    [[nodiscard]] std::string some_blanks();  ///< LWS, at least one
    [[nodiscard]] std::string around(char c);
    [[nodiscard]] std::string any_case(std::string word);
    [[nodiscard]] std::string header(std::string_view name, std::string_view compact,
                                     const std::string& value);
    [[nodiscard]] std::string quoted();
    [[nodiscard]] std::string host();
    [[nodiscard]] std::string host_port(std::string& host, std::string& port);
    [[nodiscard]] std::string escaped(const std::string& text);
    [[nodiscard]] std::string sip_uri(std::string& user, std::string& host, std::string& port,
                                      bool parameters);
    [[nodiscard]] std::string parameter();
    [[nodiscard]] std::string address(const std::string& tag);
    [[nodiscard]] std::string via(Fields* truth);
    [[nodiscard]] std::string vias(Fields& truth);
    [[nodiscard]] std::string routes(Fields& truth);
    [[nodiscard]] std::string replaces(Fields& truth);
    [[nodiscard]] std::string call_id();

    std::mt19937_64 random_;
};

}  // namespace sipsteer::oracle
