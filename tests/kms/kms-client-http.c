/* SPDX-License-Identifier: Apache-2.0 */
#include "kms-client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base64.h"

static struct sockaddr_in server;
static int sock = -1;

void http_to(const char *host, uint16_t port)
{
	server.sin_family = AF_INET;
	server.sin_port = htons(port);
	inet_pton(AF_INET, host, &server.sin_addr);
}

/* Closed by the server while it was idle? */
static bool is_over(void)
{
	char c;

	return recv(sock, &c, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

static int connect_server(void)
{
	struct timeval limit = { .tv_sec = 15 };
	int one = 1;

	if (sock >= 0 && !is_over())
		return 0;
	if (sock >= 0)
		close(sock);
	sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(sock, (struct sockaddr *)&server, sizeof(server)) == 0)
		return 0;
	close(sock);
	sock = -1;
	return -errno;
}

static int send_all(struct ms_span s)
{
	while (s.len > 0) {
		ssize_t n = send(sock, s.p, s.len, MSG_NOSIGNAL);

		if (n <= 0)
			return -errno;
		s = ms_span_from(s, (size_t)n);
	}
	return 0;
}

/* Status, Content-Length and where the body begins; false if the head is not whole yet. */
static bool parse_head(struct ms_span all, int *ret_status, size_t *ret_len, size_t *ret_body)
{
	static const char field[] = "\r\ncontent-length:";
	size_t end = ms_span_find_span(all, MS_SPAN_LIT("\r\n\r\n"));
	uint64_t v = 0;

	if (end == all.len || all.len < 12)
		return false;
	if (ms_span_u64(ms_span_sub(all, 9, 3), 999, &v))
		return false;
	*ret_status = (int)v;
	*ret_len = 0;
	*ret_body = end + 4;
	for (size_t i = 0; i + sizeof(field) < end; i++) {
		struct ms_span rest = ms_span_from(all, i + sizeof(field) - 1);

		if (ms_span_starts_nocase(ms_span_from(all, i), MS_SPAN_LIT(field)) &&
		    ms_span_u64(ms_span_trim(ms_span_cut(&rest, '\r')), BODY_MAX, &v) == 0)
			*ret_len = (size_t)v;
	}
	return true;
}

static int receive(struct answer *a)
{
	struct ms_buf in;
	size_t want = 0, body = 0;
	int err = 0;

	ms_buf_init(&in, BODY_MAX);
	for (;;) {
		uint8_t chunk[4096];
		ssize_t n = recv(sock, chunk, sizeof(chunk), 0);

		if (n <= 0) {
			err = n < 0 ? -errno : -ECONNRESET;
			break;
		}
		ms_buf_put(&in, chunk, (size_t)n);
		if (parse_head(ms_buf_span(&in), &a->status, &want, &body) && in.len >= body + want)
			break;
	}
	if (err == 0)
		ms_buf_put(&a->body, in.p + body, want);
	if (err == 0 && ms_span_find_span(ms_span_sub(ms_buf_span(&in), 0, body),
					  MS_SPAN_LIT("onnection: close")) < body)
		err = 1;
	ms_buf_done(&in);
	return err;
}

void post(struct ms_span body, const char *query, const struct options *o, struct answer *a)
{
	struct ms_buf text, out;
	int err;

	ms_buf_init(&text, BODY_MAX);
	ms_buf_init(&out, BODY_MAX);
	if (o->base64) {
		ms_base64_encode(&text, body);
		body = ms_buf_span(&text);
	}
	ms_buf_printf(&out,
		      "POST %s?%s=%s HTTP/1.1\r\nHost: kms\r\nContent-Type: %s\r\n"
		      "Content-Length: %zu\r\n\r\n",
		      o->path, profile.kms_query, o->query ? o->query : query, o->type, body.len);
	ms_buf_put_span(&out, body);
	err = connect_server();
	if (err == 0)
		err = send_all(ms_buf_span(&out));
	if (err == 0)
		err = receive(a);
	if (err) {
		close(sock);
		sock = -1;
	}
	a->err = err > 0 ? 0 : err;
	ms_buf_done(&text);
	ms_buf_done(&out);
}
