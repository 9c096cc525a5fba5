"""Tests of the resampling kernel on the processors and builds that it has code for."""
