/* SPDX-License-Identifier: Apache-2.0 */
/* Counting, and writing the counts. See stats.h. */
#include "ue/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/counter.h"
#include "keys/keyring.h"

#define TEXT_MAX 65536

enum {
	C_PROVED = MS_UE_EVENT_N, /* after one for each event */
	C_DEFERRED,
	C_WARNED,
	C_BARE,
	C_N
};

static struct ms_counter counters[C_N] = {
	[C_PROVED] =
		MS_COUNTER("proved_total", "Messages shown with a proof of origin that holds."),
	[C_DEFERRED] = MS_COUNTER("deferred_total", "Messages shown that came late."),
	[C_WARNED] = MS_COUNTER("warned_total", "Messages shown with a warning."),
	[C_BARE] = MS_COUNTER("unprotected_total", "Messages sent or shown without protection."),
};

static struct ms_counter_set set = MS_COUNTER_SET("mediasec_ue", counters);

void ms_ue_stats_open(void)
{
	for (unsigned i = 0; i < MS_UE_EVENT_N; i++)
		counters[i] = (struct ms_counter)MS_COUNTER_LABEL(
			"events_total", "What this client told its user, by event.", "event",
			ms_ue_event_name((enum ms_ue_event_type)i));
	ms_counter_set_add(&set);
	ms_counter_set_add(&ms_keys_counters);
}

static void count_if(bool so, unsigned which)
{
	if (so)
		ms_count(&counters[which]);
}

void ms_ue_stats_count(const struct ms_ue_event *e)
{
	bool shown = e->type == MS_UE_EVENT_MESSAGE;

	if (e->type < MS_UE_EVENT_N)
		ms_count(&counters[e->type]);
	count_if(shown && e->proof && strcmp(e->proof, "proved") == 0, C_PROVED);
	count_if(shown && e->deferred, C_DEFERRED);
	count_if(shown && e->warning.len > 0, C_WARNED);
	count_if((shown || e->type == MS_UE_EVENT_MESSAGE_SENT) && !e->is_protected, C_BARE);
}

static int write_whole(const char *path, struct ms_span text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text.p, text.len);
	if (close(fd) || n != (ssize_t)text.len)
		return -EIO;
	return 0;
}

int ms_ue_stats_write(const char *path)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf text, beside;
	int err;

	ms_buf_init(&text, TEXT_MAX);
	ms_buf_init(&beside, 4096);
	ms_counters_prometheus(&text);
	ms_buf_printf(&beside, "%s.new", path);
	err = ms_buf_status(&text);
	if (!err)
		err = ms_buf_status(&beside);
	if (!err)
		err = write_whole(ms_buf_cstr(&beside), ms_buf_span(&text));
	if (!err && rename(ms_buf_cstr(&beside), path))
		err = -errno;
	return err;
}
