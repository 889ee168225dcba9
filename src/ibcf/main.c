/* SPDX-License-Identifier: Apache-2.0 */
/* mediasec-ibcf: start, reload and stop. One process, one loop. */
#include "daemon/role.h"
#include "ibcf/ibcf.h"

struct ms_ibcf ms_ibcf;

static struct ms_counter_set *const counter_sets[] = { &ms_border_counters, &ms_border_sip_counters,
						       &ms_border_h248_counters, NULL };
static struct ms_log_category *const categories[] = { &ms_border_log, &ms_border_h248_log, NULL };

static const char *const loose[] = { MS_BORDER_LOOSE, "h248.gateways", "domains", "networks",
				     NULL };

static struct ms_anchor_policy policy_of(const struct ms_ibcf_config *c)
{
	return ms_border_policy(&c->media, MS_ANCHOR_IBCF, false, false, c->sip.sessions);
}

static int open_border(struct ms_ibcf *i)
{
	const struct ms_ibcf_config *c = i->config, *first = ms_config_values(i->first);
	struct ms_border_spec spec = {
		.sip = &c->sip,
		.policy = policy_of(c),
		.handlers = { .request = ms_ibcf_request, .response = ms_ibcf_response },
		.arg = i,
	};
	MS_CLEANUP(ms_buf_done) struct ms_buf error;
	int err;

	ms_buf_init(&error, 1024);
	err = ms_border_hep_open(&first->hep, &error, &i->hep);
	if (err == 0)
		err = ms_border_metrics_open(&first->metrics, &error, &i->metrics);
	if (err == 0)
		err = ms_border_gateways_new(&first->h248, &ms_h248_profile_ix, &first->profile,
					     &error, &i->gateways);
	if (err == 0) {
		ms_border_gateways_export(i->gateways, i->hep);
		spec.hep = i->hep;
		spec.mgc = ms_border_gateways_mgc(i->gateways);
		err = ms_border_new(&spec, &error, &i->border);
	}
	if (err < 0)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "%s",
		       error.len > 0 ? ms_buf_cstr(&error) : strerror(-err));
	return err;
}

static int start(struct ms_daemon *d, const void *config)
{
	struct ms_ibcf *i = &ms_ibcf;
	int err;

	i->daemon = d;
	i->config = config;
	err = ms_config_copy(ms_ibcf_config_fields, config, sizeof(*i->config), &i->first);
	if (err == 0)
		err = open_border(i);
	return err == 0 ? ms_daemon_role_drop(&i->config->daemon, true) : err;
}

static int reload(struct ms_daemon *d, const void *config)
{
	const struct ms_ibcf_config *c = config;
	struct ms_anchor_policy policy = policy_of(c);
	MS_CLEANUP(ms_buf_done) struct ms_buf error;
	int err;

	(void)d;
	ms_buf_init(&error, 1024);
	err = ms_border_gateways_change(ms_ibcf.gateways, &c->h248, &error);
	if (err == 0) {
		err = ms_border_change(ms_ibcf.border, &c->sip, &policy, &error);
		if (err < 0) /* back: these gateways are still known */
			(void)!ms_border_gateways_change(ms_ibcf.gateways, &ms_ibcf.config->h248,
							 &error);
	}
	if (err < 0)
		MS_LOG(&ms_log_main, MS_LOG_ERROR, "%s",
		       error.len > 0 ? ms_buf_cstr(&error) : strerror(-err));
	else
		ms_ibcf.config = c;
	return err;
}

static void ended(void *arg)
{
	ms_daemon_stopped(arg);
}

static void stop(struct ms_daemon *d)
{
	struct ms_ibcf *i = &ms_ibcf;

	ms_border_shutdown(i->border, i->config->daemon.stop_limit, ended, d);
}

static void done(struct ms_daemon *d)
{
	struct ms_ibcf *i = &ms_ibcf;

	(void)d;
	i->border = ms_border_free(i->border);
	i->gateways = ms_border_gateways_free(i->gateways);
	i->hep = ms_hep_sender_free(i->hep);
	i->metrics = ms_border_metrics_close(i->metrics);
	i->first = ms_config_free(i->first);
}

const struct ms_daemon_app ms_ibcf_app = {
	.name = "mediasec-ibcf",
	.summary = "IBCF: SIP and media between our network and others.",
	.config_path = "/etc/mediasec/ibcf.yaml",
	.fields = ms_ibcf_config_fields,
	.config_size = sizeof(struct ms_ibcf_config),
	.daemon_offset = offsetof(struct ms_ibcf_config, daemon),
	.check = ms_ibcf_config_check,
	.start = start,
	.reload = reload,
	.loose = loose,
	.stop = stop,
	.done = done,
	.counters = counter_sets,
	.categories = categories,
	.commands = ms_ibcf_commands,
};

int main(int argc, char **argv)
{
	return ms_daemon_main(&ms_ibcf_app, argc, argv);
}
