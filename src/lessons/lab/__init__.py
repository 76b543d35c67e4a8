"""The lab: experiments (settings in, outcome out), figures, and the widgets that show them."""
