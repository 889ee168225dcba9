/* SPDX-License-Identifier: Apache-2.0 */
/* What stands around a border in IMS-ALG and IBCF alike. */
#include "border/service.h"

#define ERROR_MAX 1024

struct ms_counter_set *const ms_border_counter_sets[] = { &ms_border_counters,
							  &ms_border_sip_counters,
							  &ms_border_h248_counters, NULL };
struct ms_log_category *const ms_border_log_categories[] = { &ms_border_log, &ms_border_h248_log,
							     NULL };

int ms_border_config_check(const struct ms_config *c, const struct ms_border_config *shared,
			   struct ms_config_error *ret_error)
{
	int err = ms_border_sip_check(c, &shared->sip, ret_error);

	return err ? err : ms_border_h248_check(c, &shared->h248, &shared->media, ret_error);
}

static int tell(int err, struct ms_buf *error)
{
	if (err < 0)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "%s",
		       error->len > 0 ? ms_buf_cstr(error) : strerror(-err));
	return err;
}

int ms_border_service_start(struct ms_border_service *s, const struct ms_border_config *config,
			    const struct ms_border_config *first,
			    const struct ms_h248_profile *profile, struct ms_border_spec *spec)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf error;
	int err;

	ms_buf_init(&error, ERROR_MAX);
	s->config = config;
	err = ms_border_hep_open(&first->hep, &error, &s->hep);
	if (err == 0)
		err = ms_border_metrics_open(&first->metrics, &error, &s->metrics);
	if (err == 0)
		err = ms_border_gateways_new(&first->h248, profile, &first->profile, &error,
					     &s->gateways);
	if (err == 0) {
		ms_border_gateways_export(s->gateways, s->hep);
		spec->sip = &config->sip;
		spec->hep = s->hep;
		spec->mgc = ms_border_gateways_mgc(s->gateways);
		err = ms_border_new(spec, &error, &s->border);
	}
	return tell(err, &error);
}

static int change(struct ms_border_service *s, const struct ms_border_config *config,
		  const struct ms_anchor_policy *policy, struct ms_buf *error)
{
	int err = ms_border_gateways_change(s->gateways, &config->h248, error);

	if (err < 0)
		return err;
	err = ms_border_change(s->border, &config->sip, policy, error);
	if (err < 0) /* back: these gateways are still known */
		(void)!ms_border_gateways_change(s->gateways, &s->config->h248, error);
	else
		s->config = config;
	return err;
}

int ms_border_service_change(struct ms_border_service *s, struct ms_daemon *d,
			     const struct ms_border_config *config,
			     const struct ms_anchor_policy *policy)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf error;
	int err;

	ms_buf_init(&error, ERROR_MAX);
	err = change(s, config, policy, &error);
	if (err < 0 && error.len > 0)
		ms_daemon_explain(d, ms_buf_cstr(&error));
	return err;
}

static void stopped(void *arg)
{
	ms_daemon_stopped(arg);
}

void ms_border_service_stop(struct ms_border_service *s, struct ms_daemon *d)
{
	ms_border_shutdown(s->border, s->config->daemon.stop_limit, stopped, d);
}

void ms_border_service_end(struct ms_border_service *s)
{
	s->border = ms_border_free(s->border);
	s->gateways = ms_border_gateways_free(s->gateways);
	s->hep = ms_hep_sender_free(s->hep);
	s->metrics = ms_border_metrics_close(s->metrics);
}
