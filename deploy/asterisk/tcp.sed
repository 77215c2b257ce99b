# This Asterisk and sipsteer talk by TCP:  sed -f tcp.sed -i pjsip.conf     README.md, "Over TCP or TLS"
s/^\[udp\]$/[tcp]/
s/^protocol=udp$/protocol=tcp/
s/^transport=udp$/transport=tcp/
/^outbound_proxy=/s/\\;lr$/\\;transport=tcp\\;lr/
/^contact=/s/$/\\;transport=tcp/
