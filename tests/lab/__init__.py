"""The laboratory of the end-to-end tests: phones, servers, and the proxy, started and stopped by the test itself."""
