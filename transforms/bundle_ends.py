"""Bundles that end when their work does.

Beam's Python worker samples in a thread of each bundle where its time goes, and at the bundle's end waits for that
thread, which sleeps up to 200 ms between two looks (``statesampler_fast.pyx`` of Beam 2.77). In a stream, messages are
acknowledged, and the next ones read, a tenth of a second later for it; here it sleeps 5 ms at most.

It is a plugin, as Beam calls what its workers import before their first bundle.
"""

from __future__ import annotations

from apache_beam.runners.worker import statesampler
from apache_beam.utils.plugin import BeamPlugin

PERIOD_MILLIS = 5


class ShortSampling(BeamPlugin):
    """Named so that a launcher can tell workers of this module."""


if statesampler.StateSampler.__init__.__defaults__ == (statesampler.DEFAULT_SAMPLING_PERIOD_MS,):
    statesampler.StateSampler.__init__.__defaults__ = (PERIOD_MILLIS,)
