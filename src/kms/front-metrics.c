/* SPDX-License-Identifier: Apache-2.0 */
/* What Prometheus asks the front for: its own counters and those of the vault. */
#include "kms/front-priv.h"
#include "kms/msg.h"

#define METRICS_MAX ((size_t)256 << 10)

void ms_kms_front_gauges(struct ms_kms_front *f)
{
	const struct ms_http_stats *s;

	if (!f->server)
		return;
	s = ms_http_server_stats(f->server);
	ms_kms_front_counter(MS_KMS_F_ACCEPTED)->value = s->accepted;
	ms_kms_front_counter(MS_KMS_F_REFUSED_TOTAL)->value = s->refused_total;
	ms_kms_front_counter(MS_KMS_F_REFUSED_ADDRESS)->value = s->refused_address;
	ms_kms_front_counter(MS_KMS_F_MALFORMED)->value = s->malformed;
	ms_kms_front_counter(MS_KMS_F_NOT_FOUND)->value = s->not_found;
	ms_kms_front_counter(MS_KMS_F_METHOD)->value = s->method;
	ms_kms_front_counter(MS_KMS_F_RATE)->value = s->rate_limited;
	ms_kms_front_counter(MS_KMS_F_SLOW)->value = s->slow;
	ms_kms_front_counter(MS_KMS_F_GONE)->value = s->gone;
	ms_gauge(ms_kms_front_counter(MS_KMS_F_OPEN), s->open);
	ms_gauge(ms_kms_front_counter(MS_KMS_F_IN_FLIGHT), f->in_flight);
}

void ms_kms_front_scrape(struct ms_http_request *r, void *arg)
{
	struct ms_kms_front *f = arg;

	if (f->n_scrapes == MS_KMS_SCRAPES_MAX || !f->link ||
	    ms_chan_send(f->link, MS_KMS_MSG_METRICS, 0, MS_SPAN_NULL)) {
		ms_http_refuse(r, 503);
		return;
	}
	f->scrape[f->n_scrapes++] = r;
}

void ms_kms_front_answer_scrapes(struct ms_kms_front *f, int status)
{
	struct ms_buf text;

	ms_buf_init(&text, METRICS_MAX);
	ms_kms_front_gauges(f);
	ms_counters_prometheus(&text);
	for (size_t i = 0; i < f->n_scrapes; i++) {
		if (status == 200 && ms_buf_status(&text) == 0)
			ms_http_reply(f->scrape[i], 200, "text/plain; version=0.0.4",
				      ms_buf_span(&text));
		else
			ms_http_refuse(f->scrape[i], 503);
	}
	f->n_scrapes = 0;
	ms_buf_done(&text);
}

void ms_kms_front_metered(struct ms_kms_front *f, struct ms_msg *m)
{
	struct ms_reader in = ms_reader_of(ms_msg_rest(m));

	ms_kms_front_answer_scrapes(f, ms_counters_get(&ms_kms_vault_set, &in) == 0 ? 200 : 503);
}
