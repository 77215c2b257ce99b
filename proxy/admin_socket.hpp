#pragma once

#include <string>

namespace sipsteer {

/// Where the admin socket is when the configuration does not say: admin.sock in $RUNTIME_DIRECTORY, else
/// in /run/sipsteer, else in $XDG_RUNTIME_DIR. Makes the folder; takes the first that can be
/// written to. Empty: there is none.
[[nodiscard]] std::string default_admin_socket();

/// The same places as a client sees them: the first where there is a socket, else the first of all.
[[nodiscard]] std::string find_admin_socket();

/// Makes the folder that `path` is in; its parent has to be there.
void make_folder_of(const std::string& path);

}  // namespace sipsteer
