"""`python -m netspace` is the program `netspace`."""

from netspace_start import main

if __name__ == "__main__":
    main()
