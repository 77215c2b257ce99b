#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace sipsteer {

/// A stream of Boost.Beast without a socket: reads what feed() brought, and gives away what is written.
/// One read at a time, in one thread.
class MemoryStream {
  public:
    using executor_type = boost::asio::io_context::executor_type;
    using Error = boost::system::error_code;

    explicit MemoryStream(boost::asio::io_context& context) : executor_(context.get_executor()) {}

    [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }
    void on_output(std::function<void(std::string_view)> output) { output_ = std::move(output); }

    void feed(std::string_view bytes) {
        input_.append(bytes);
        complete();
    }
    /// Reads fail from now on.
    void end() {
        ended_ = true;
        complete();
    }

    template <class Buffers>
    std::size_t write_some(const Buffers& buffers, Error& error) {
        error = {};
        std::size_t size = 0;
        for (auto at = boost::asio::buffer_sequence_begin(buffers);
             at != boost::asio::buffer_sequence_end(buffers); ++at) {
            const boost::asio::const_buffer one{*at};
            if (output_) output_({static_cast<const char*>(one.data()), one.size()});
            size += one.size();
        }
        return size;
    }
    template <class Buffers>
    std::size_t write_some(const Buffers& buffers) {
        Error ignored;
        return write_some(buffers, ignored);
    }

    /// What Beast asks of a stream; nothing here reads without waiting.
    template <class Buffers>
    std::size_t read_some(const Buffers& buffers, Error& error) {
        const std::size_t size = boost::asio::buffer_copy(buffers, boost::asio::buffer(input_));
        input_.erase(0, size);
        error = size == 0 ? Error{boost::asio::error::would_block} : Error{};
        return size;
    }
    template <class Buffers>
    std::size_t read_some(const Buffers& buffers) {
        Error ignored;
        return read_some(buffers, ignored);
    }

    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        return boost::asio::async_initiate<Token, void(Error, std::size_t)>(
            [this](auto handler, const Buffers& all) {
                Error error;
                const std::size_t size = write_some(all, error);
                finish(std::move(handler), error, size);
            },
            token, buffers);
    }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        return boost::asio::async_initiate<Token, void(Error, std::size_t)>(
            [this](auto handler, const Buffers& room) {
                using Handler = decltype(handler);
                read_ = std::make_unique<ReadOf<Handler, Buffers>>(std::move(handler), room);
                complete();
            },
            token, buffers);
    }

  private:
    struct Read {
        virtual ~Read() = default;
        virtual void finish(MemoryStream& stream, Error error) = 0;
    };
    template <class Handler, class Buffers>
    struct ReadOf final : Read {
        ReadOf(Handler taken, const Buffers& buffers) : handler(std::move(taken)), room(buffers) {}
        void finish(MemoryStream& stream, Error error) override {
            const std::size_t size =
                error ? 0 : boost::asio::buffer_copy(room, boost::asio::buffer(stream.input_));
            stream.input_.erase(0, size);
            stream.finish(std::move(handler), error, size);
        }
        Handler handler;
        Buffers room;
    };

    template <class Handler>
    void finish(Handler handler, Error error, std::size_t size) {
        const auto executor = boost::asio::get_associated_executor(handler, executor_);
        boost::asio::post(executor, boost::beast::bind_front_handler(std::move(handler), error, size));
    }
    void complete() {
        if (!read_ || (input_.empty() && !ended_)) return;
        const auto read = std::move(read_);
        read->finish(*this, input_.empty() ? Error{boost::asio::error::eof} : Error{});
    }

    executor_type executor_;
    std::string input_;
    std::unique_ptr<Read> read_;
    std::function<void(std::string_view)> output_;
    bool ended_ = false;
};

// What Beast does at the end of a WebSocket: whoever feeds it closes what lies below.
inline void teardown(boost::beast::role_type, MemoryStream& stream, boost::system::error_code& error) {
    stream.end();
    error = {};
}
template <class Handler>
void async_teardown(boost::beast::role_type, MemoryStream& stream, Handler&& handler) {
    stream.end();
    boost::asio::post(stream.get_executor(), boost::beast::bind_front_handler(std::forward<Handler>(handler),
                                                                              boost::system::error_code{}));
}
inline void beast_close_socket(MemoryStream& stream) { stream.end(); }

}  // namespace sipsteer
