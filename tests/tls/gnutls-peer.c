/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same conversation as tls-peer, by GnuTLS:
 *   gnutls-peer client PORT KEY_HEX USERNAME
 *   gnutls-peer server PORT KEY_HEX [PASSWORD_FILE]
 * As a server it takes any username, the empty one too: only the callback with lengths can do that
 * (gnutls_psk_set_server_credentials_function2). With a password file it takes the names in there.
 */
#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+PSK"

static gnutls_datum_t key;

static int give_key(gnutls_session_t s, const gnutls_datum_t *username, gnutls_datum_t *ret_key)
{
	(void)s;
	printf("username of %u octets\n", username->size);
	ret_key->data = gnutls_malloc(key.size);
	ret_key->size = key.size;
	if (!ret_key->data)
		return -1;
	memcpy(ret_key->data, key.data, key.size);
	return 0;
}

static int fail(const char *what, int err)
{
	printf("failed %s (%s)\n", what, gnutls_strerror(err));
	return 1;
}

static int socket_of(int client, const struct sockaddr_in *a)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (client)
		return connect(fd, (const struct sockaddr *)a, sizeof(*a)) < 0 ? -1 : fd;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)a, sizeof(*a)) < 0 || listen(fd, 1) < 0)
		return -1;
	printf("listening\n");
	fflush(stdout);
	return accept(fd, NULL, NULL);
}

static int talk_as_client(gnutls_session_t s)
{
	char line[512] = "";
	size_t len = 0;
	ssize_t n;

	gnutls_record_send(s, "hello mediasec\n", 15);
	/* The line may come in several records. */
	do {
		n = gnutls_record_recv(s, line + len, sizeof(line) - 1 - len);
		if (n < 0)
			return fail("receive", (int)n);
		len += (size_t)n;
	} while (n > 0 && !memchr(line, '\n', len));
	printf("line %s", line);
	return 0;
}

static int talk_as_server(gnutls_session_t s)
{
	char line[512] = "echo ";
	ssize_t n;

	while ((n = gnutls_record_recv(s, line + 5, sizeof(line) - 5)) > 0) {
		printf("line %.*s", (int)n, line + 5);
		gnutls_record_send(s, line, (size_t)n + 5);
	}
	return n < 0 ? fail("receive", (int)n) : 0;
}

static int run(int client, int fd, const char *arg)
{
	gnutls_psk_client_credentials_t cc = NULL;
	gnutls_psk_server_credentials_t sc = NULL;
	gnutls_session_t s;
	int err, status;

	gnutls_init(&s, client ? GNUTLS_CLIENT : GNUTLS_SERVER);
	err = gnutls_priority_set_direct(s, PRIORITY, NULL);
	if (err < 0)
		return fail("priority", err);
	if (client) {
		gnutls_psk_allocate_client_credentials(&cc);
		err = gnutls_psk_set_client_credentials(cc, arg, &key, GNUTLS_PSK_KEY_RAW);
		if (err < 0)
			return fail("credentials", err);
		gnutls_credentials_set(s, GNUTLS_CRD_PSK, cc);
	} else {
		gnutls_psk_allocate_server_credentials(&sc);
		if (arg[0])
			gnutls_psk_set_server_credentials_file(sc, arg);
		else
			gnutls_psk_set_server_credentials_function2(sc, give_key);
		gnutls_credentials_set(s, GNUTLS_CRD_PSK, sc);
	}
	gnutls_transport_set_int(s, fd);
	gnutls_handshake_set_timeout(s, 60000);
	err = gnutls_handshake(s);
	if (err < 0)
		return fail("handshake", err);
	printf("open %s\n", gnutls_protocol_get_name(gnutls_protocol_get_version(s)));
	status = client ? talk_as_client(s) : talk_as_server(s);
	gnutls_bye(s, GNUTLS_SHUT_WR);
	gnutls_deinit(s);
	return status;
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	unsigned char octets[64];
	size_t size = sizeof(octets);
	gnutls_datum_t hex;
	int client, fd;

	if (argc < 4)
		return 2;
	hex.data = (unsigned char *)argv[3];
	hex.size = (unsigned)strlen(argv[3]);
	if (gnutls_hex_decode(&hex, octets, &size) < 0)
		return 2;
	key.data = octets;
	key.size = (unsigned)size;
	client = strcmp(argv[1], "client") == 0;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
	fd = socket_of(client, &a);
	if (fd < 0) {
		perror("socket");
		return 2;
	}
	return run(client, fd, argc > 4 ? argv[4] : "");
}
