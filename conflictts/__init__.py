"""Daily series of armed conflict, and what changed in them at a truce."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = "0.1.0"


def load_ipython_extension(ipython):
    """``%load_ext conflictts`` in a notebook: every figure keeps what `alt_text` tells of it with its image."""
    from .report.notebook import tell_figures

    tell_figures(ipython)
