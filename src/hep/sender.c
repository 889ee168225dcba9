/* SPDX-License-Identifier: Apache-2.0 */
/* Sends HEP packets to a collector, without ever waiting for it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/alloc.h"
#include "hep/hep.h"
#include "loop/loop.h"

#define KEY_MAX 64
#define EVENT_MAX 1024
#define PACKET_MAX 65000 /* of a UDP datagram */

struct ms_hep_sender {
	int fd;
	uint32_t agent;
	size_t key_len;
	uint8_t key[KEY_MAX];
	struct ms_buf packet;
	struct ms_hep_counts counts;
};

static int open_socket(const struct ms_addr *to)
{
	int fd = socket(ms_addr_family(to), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, &to->u.sa, to->len) < 0) {
		int err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int ms_hep_sender_new(const struct ms_addr *collector, uint32_t agent, struct ms_span key,
		      struct ms_hep_sender **ret_h)
{
	if (key.len > KEY_MAX)
		return -EMSGSIZE;
	struct ms_hep_sender *h = ms_zalloc(sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->fd = open_socket(collector);
	if (h->fd < 0) {
		int err = h->fd;
		ms_free(h);
		return err;
	}
	h->agent = agent;
	h->key_len = key.len;
	if (key.len)
		memcpy(h->key, key.p, key.len);
	ms_buf_init(&h->packet, PACKET_MAX);
	*ret_h = h;
	return 0;
}

static int read_key(const char *path, uint8_t key[static KEY_MAX + 1], struct ms_span *ret_key)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, key, KEY_MAX + 1);
	int err = n < 0 ? -errno : 0;
	close(fd);
	struct ms_span line = ms_span_of(key, n < 0 ? 0 : (size_t)n);
	*ret_key = ms_span_trim(ms_span_cut(&line, '\n'));
	return err;
}

int ms_hep_sender_open(const struct ms_addr *collector, uint32_t agent, const char *key_file,
		       struct ms_hep_sender **ret_h)
{
	uint8_t key[KEY_MAX + 1];
	struct ms_span line = MS_SPAN_NULL;
	int err = 0;

	*ret_h = NULL;
	if (!ms_addr_is_set(collector))
		return 0;
	if (key_file[0])
		err = read_key(key_file, key, &line);
	return err < 0 ? err : ms_hep_sender_new(collector, agent, line, ret_h);
}

struct ms_hep_sender *ms_hep_sender_free(struct ms_hep_sender *h)
{
	if (!h)
		return NULL;
	close(h->fd);
	ms_buf_done(&h->packet);
	ms_free(h);
	return NULL;
}

void ms_hep_send(struct ms_hep_sender *h, const struct ms_hep_packet *packet)
{
	struct ms_hep_packet p = *packet;

	if (!h)
		return;
	p.agent = h->agent;
	p.key = ms_span_of(h->key, h->key_len);
	if (p.time == 0)
		p.time = ms_clock_wall();
	ms_buf_reset(&h->packet);
	ms_hep_put(&h->packet, &p);
	if (ms_buf_status(&h->packet) < 0 ||
	    send(h->fd, h->packet.p, h->packet.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		h->counts.lost++;
	else
		h->counts.sent++;
}

void ms_hep_send_event(struct ms_hep_sender *h, const struct ms_addr *source,
		       const struct ms_addr *destination, struct ms_span correlation,
		       const char *event, const char *detail)
{
	char text[EVENT_MAX];
	struct ms_buf b;

	if (!h)
		return;
	ms_buf_init_fixed(&b, text, sizeof(text));
	ms_hep_put_event(&b, ms_span_str(event), ms_span_str(detail));
	ms_hep_send(h, &(struct ms_hep_packet){ .source = *source,
						.destination = *destination,
						.transport = MS_HEP_TCP,
						.protocol = MS_HEP_LOG,
						.correlation = correlation,
						.payload = ms_buf_span(&b) });
}

const struct ms_hep_counts *ms_hep_counts(const struct ms_hep_sender *h)
{
	return &h->counts;
}
