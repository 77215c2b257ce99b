#include "proxy/worker_spread.hpp"

#include <sys/socket.h>

#include <string_view>
#include <utility>

#include "routing/branch.hpp"

namespace sipsteer {
namespace {

/// Where the first header line of a response may begin: behind "SIP/2.0 100 " and a reason of up to 34 bytes.
constexpr std::uint32_t kFirstLineFeed = 13;
constexpr std::uint32_t kLastLineFeed = 47;

constexpr std::uint32_t kSpread = 0x9e3779b1;  // odd, bits well mixed (2^32 by the golden ratio)

constexpr std::string_view kParameter = ";branch=";
constexpr std::size_t kWholeBranch = kParameter.size() + std::tuple_size_v<BranchText>;

constexpr std::uint32_t word(std::string_view four) {
    std::uint32_t value = 0;
    for (const char c : four) value = value << 8 | static_cast<unsigned char>(c);
    return value;
}

/// A program under construction. `x` in a name: the offset in the index register is added.
class Program {
  public:
    void load_word(std::uint32_t at) { add(BPF_LD | BPF_W | BPF_ABS, at); }
    void load_word_x(std::uint32_t at) { add(BPF_LD | BPF_W | BPF_IND, at); }
    void load_byte(std::uint32_t at) { add(BPF_LD | BPF_B | BPF_ABS, at); }
    void load_length() { add(BPF_LD | BPF_W | BPF_LEN, 0); }
    /// Goes on when the accumulator is at least `value`, else `skip` instructions further.
    void if_less_skip(std::uint32_t value, std::uint8_t skip) {
        code_.push_back({BPF_JMP | BPF_JGE | BPF_K, 0, skip, value});
    }
    void set_x(std::uint32_t value) { add(BPF_LDX | BPF_IMM, value); }
    void keep_in_x() { add(BPF_MISC | BPF_TAX, 0); }
    void xor_x() { add(BPF_ALU | BPF_XOR | BPF_X, 0); }
    /// Goes on when the accumulator is `value`, else `skip` instructions further.
    void unless_skip(std::uint32_t value, std::uint8_t skip) {
        code_.push_back({BPF_JMP | BPF_JEQ | BPF_K, 0, skip, value});
    }
    [[nodiscard]] std::size_t jump() {
        add(BPF_JMP | BPF_JA, 0);
        return code_.size() - 1;
    }
    /// Lets an earlier jump end here.
    void land(std::size_t jump) { code_[jump].k = static_cast<std::uint32_t>(code_.size() - jump - 1); }
    void pick(std::uint32_t workers) {
        add(BPF_ALU | BPF_MUL | BPF_K, kSpread);
        add(BPF_ALU | BPF_RSH | BPF_K, 16);
        add(BPF_ALU | BPF_MOD | BPF_K, workers);
        add(BPF_RET | BPF_A, 0);
    }
    [[nodiscard]] std::vector<sock_filter> take() { return std::move(code_); }

  private:
    void add(int code, std::uint32_t k) { code_.push_back({static_cast<std::uint16_t>(code), 0, 0, k}); }
    std::vector<sock_filter> code_;
};

/// By the MAC of our branch, when the branch parameter stands `at` bytes behind the line feed in x.
void pick_by_branch(Program& program, std::size_t at, std::uint32_t workers) {
    const std::size_t cookie_end = at + kParameter.size() + kBranchPrefix.size();
    program.load_word_x(static_cast<std::uint32_t>(cookie_end - 4));
    program.unless_skip(word(kBranchPrefix.substr(kBranchPrefix.size() - 4)), 5);
    program.load_word_x(static_cast<std::uint32_t>(cookie_end + kBranchOriginDigits));  // four hex digits
    program.pick(workers);
}

void pick_by_sender(Program& program, bool v6, std::uint32_t workers) {
    const auto network = static_cast<std::uint32_t>(SKF_NET_OFF);
    // Source address, then the source and destination port; IPv4 options and extension headers only cost
    // spread.
    const std::uint32_t address = network + (v6 ? 8U : 12U);
    const std::uint32_t words = v6 ? 4 : 1;
    program.load_word(address);
    for (std::uint32_t i = 1; i < words; ++i) {
        program.keep_in_x();
        program.load_word(address + 4 * i);
        program.xor_x();
    }
    program.keep_in_x();
    program.load_word(network + (v6 ? 40U : 20U));
    program.xor_x();
    program.pick(workers);
}

}  // namespace

std::vector<sock_filter> worker_spread(const Listener& listener, std::uint32_t workers) {
    // Servers write our Via back as it was, or with the address they saw put in before the branch.
    const std::size_t plain = std::string_view{"\nVia: SIP/2.0/UDP "}.size() + listener.sent_by.size();
    const std::size_t noted = plain + std::string_view{";received="}.size() + listener.advertised_host.size();
    Program program;
    program.load_length();  // a load behind the end would pick the first worker
    program.if_less_skip(static_cast<std::uint32_t>(kLastLineFeed + noted + kWholeBranch), 3);
    program.load_word(0);
    program.unless_skip(word("SIP/"), 1);
    const std::size_t is_response = program.jump();
    pick_by_sender(program, listener.bind.address.v6, workers);

    program.land(is_response);
    std::vector<std::size_t> found;
    for (std::uint32_t at = kFirstLineFeed; at <= kLastLineFeed; ++at) {
        program.load_byte(at);
        program.unless_skip('\n', 2);
        program.set_x(at);
        found.push_back(program.jump());
    }
    pick_by_sender(program, listener.bind.address.v6, workers);

    for (const std::size_t jump : found) program.land(jump);
    pick_by_branch(program, plain, workers);
    pick_by_branch(program, noted, workers);
    pick_by_sender(program, listener.bind.address.v6, workers);
    return program.take();
}

bool attach_worker_spread(int fd, const Listener& listener, std::uint32_t workers) noexcept {
    std::vector<sock_filter> code = worker_spread(listener, workers);
    const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
    return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) == 0;
}

}  // namespace sipsteer
