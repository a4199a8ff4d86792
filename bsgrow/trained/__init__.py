"""What a run has trained, put to use: its model, evaluated, asked, and handed on."""
