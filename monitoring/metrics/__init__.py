"""Figures for Prometheus, which any process of ours tells alike."""
