"""The profiles that `sampled` and `warmup` take by name."""

from submissions.schedules.constant import constant
from submissions.schedules.cosine import cosine
from submissions.schedules.cosine_power import cosine_power
from submissions.schedules.cyclic import cyclic
from submissions.schedules.exponential import exponential
from submissions.schedules.infinite import infinite
from submissions.schedules.inverse_sqrt import inverse_sqrt
from submissions.schedules.inverse_time import inverse_time
from submissions.schedules.linear import linear
from submissions.schedules.onecycle import onecycle
from submissions.schedules.polynomial import polynomial
from submissions.schedules.power import power
from submissions.schedules.rewarm import rewarm
from submissions.schedules.rex import rex
from submissions.schedules.sgdr import sgdr
from submissions.schedules.step import step
from submissions.schedules.trapezoidal import trapezoidal
from submissions.schedules.uba import uba
from submissions.schedules.wsd import wsd
from submissions.schedules.wsd_s import wsd_s
from submissions.schedules.wsdc import wsdc

PROFILES = {
    profile.name: profile
    for profile in (
        *(constant, cosine, cosine_power, cyclic, exponential, infinite, inverse_sqrt, inverse_time, linear, onecycle),
        *(polynomial, power, rewarm, rex, sgdr, step, trapezoidal, uba, wsd, wsd_s, wsdc),
    )
}


def multiplier(profile, step, horizon, warmup):
    """Return the multiplier of the named profile with its hyperparameters at their defaults."""
    return PROFILES[profile].start(horizon=horizon, warmup=warmup).multiplier(step)
