# This Asterisk and sipsteer talk by TLS:  sed -f tls.sed -i pjsip.conf     README.md, "Over TCP or TLS"
s/^\[udp\]$/[tls]/
s/^protocol=udp$/protocol=tls/
s/^transport=udp$/transport=tls/
/^outbound_proxy=/s/\\;lr$/\\;transport=tls\\;lr/
/^contact=/s/$/\\;transport=tls/
/^protocol=tls$/a\
method=tlsv1_2\
cert_file=/etc/asterisk/keys/server.pem\
priv_key_file=/etc/asterisk/keys/server.key\
ca_list_file=/etc/asterisk/keys/ca.pem\
verify_server=yes\
verify_client=yes\
require_client_cert=yes
