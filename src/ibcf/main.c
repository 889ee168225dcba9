/* SPDX-License-Identifier: Apache-2.0 */
/* mediasec-ibcf: start, reload and stop. One process, one loop. */
#include "daemon/role.h"
#include "ibcf/ibcf.h"

struct ms_ibcf ms_ibcf;

static const char *const loose[] = { MS_BORDER_LOOSE, "domains", "networks", NULL };

static struct ms_anchor_policy policy_of(const struct ms_ibcf_config *c)
{
	return ms_border_policy(&c->shared.media, MS_ANCHOR_IBCF, false, false,
				c->shared.sip.sessions);
}

static int open_border(struct ms_ibcf *i)
{
	const struct ms_ibcf_config *c = i->config, *first = ms_config_values(i->first);
	struct ms_border_spec spec = {
		.policy = policy_of(c),
		.handlers = { .request = ms_ibcf_request, .response = ms_ibcf_response },
		.arg = i,
	};

	return ms_border_service_start(&i->service, &c->shared, &first->shared, &ms_h248_profile_ix,
				       &spec);
}

static int start(struct ms_daemon *d, const void *config)
{
	struct ms_ibcf *i = &ms_ibcf;
	int err;

	(void)d;
	i->config = config;
	err = ms_config_copy(ms_ibcf_config_fields, config, sizeof(*i->config), &i->first);
	if (err == 0)
		err = open_border(i);
	return err == 0 ? ms_daemon_role_drop(&i->config->shared.daemon, true) : err;
}

static int reload(struct ms_daemon *d, const void *config)
{
	const struct ms_ibcf_config *c = config;
	struct ms_anchor_policy policy = policy_of(c);
	int err = ms_border_service_change(&ms_ibcf.service, d, &c->shared, &policy);

	if (err == 0)
		ms_ibcf.config = c;
	return err;
}

static void stop(struct ms_daemon *d)
{
	ms_border_service_stop(&ms_ibcf.service, d);
}

static void done(struct ms_daemon *d)
{
	struct ms_ibcf *i = &ms_ibcf;

	(void)d;
	ms_border_service_end(&i->service);
	i->first = ms_config_free(i->first);
}

const struct ms_daemon_app ms_ibcf_app = {
	.name = "mediasec-ibcf",
	.summary = "IBCF: SIP and media between our network and others.",
	.config_path = "/etc/mediasec/ibcf.yaml",
	.fields = ms_ibcf_config_fields,
	.config_size = sizeof(struct ms_ibcf_config),
	.daemon_offset = offsetof(struct ms_ibcf_config, shared.daemon),
	.check = ms_ibcf_config_check,
	.start = start,
	.reload = reload,
	.loose = loose,
	.stop = stop,
	.done = done,
	.counters = ms_border_counter_sets,
	.categories = ms_border_log_categories,
	.commands = ms_ibcf_commands,
};

int main(int argc, char **argv)
{
	return ms_daemon_main(&ms_ibcf_app, argc, argv);
}
